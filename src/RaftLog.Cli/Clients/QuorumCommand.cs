using System.CommandLine;
using RaftLog.Cli.Output;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients;

/// <summary><c>raftlog quorum describe</c>: the metadata quorum.</summary>
internal static class QuorumCommand
{
    public static Command Create() =>
        new("quorum", "Look at the metadata quorum.")
        {
            ClientCommand.Add(
                new Command("describe", "Show voters and observers, the leader, and how far each has read."),
                async (cluster, _, json, _) =>
                {
                    QuorumDescription quorum = await cluster.Admin.DescribeQuorumAsync();
                    Offset end = quorum.Voters.Concat(quorum.Observers).Select(replica => replica.LogEnd).DefaultIfEmpty(Offset.Zero).Max();
                    if (json)
                    {
                        Console.WriteLine(Describe(quorum, end));
                        return ExitCode.Ok;
                    }

                    Console.WriteLine($"leader {quorum.Leader}, epoch {quorum.LeaderEpoch}, high watermark {quorum.HighWatermark}");
                    Table table = new("NODE", "ROLE", "LOG END", "LAG");
                    foreach ((QuorumReplicaDescription replica, string role) in Roles(quorum))
                    {
                        table.Add($"{replica.Id}", role, $"{replica.LogEnd}", $"{end - replica.LogEnd}");
                    }

                    Console.Write(table);
                    return ExitCode.Ok;
                }
            ),
        };

    private static IEnumerable<(QuorumReplicaDescription Replica, string Role)> Roles(QuorumDescription quorum) =>
        quorum
            .Voters.Select(replica => (replica, replica.Id == quorum.Leader ? "leader" : "voter"))
            .Concat(quorum.Observers.Select(replica => (replica, "observer")));

    private static string Describe(QuorumDescription quorum, Offset end) =>
        Json.Line(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("leader", quorum.Leader.Value);
            writer.WriteNumber("epoch", quorum.LeaderEpoch.Value);
            writer.WriteNumber("highWatermark", quorum.HighWatermark.Value);
            writer.WriteStartArray("replicas");
            foreach ((QuorumReplicaDescription replica, string role) in Roles(quorum))
            {
                writer.WriteStartObject();
                writer.WriteNumber("node", replica.Id.Value);
                writer.WriteString("role", role);
                writer.WriteNumber("logEnd", replica.LogEnd.Value);
                writer.WriteNumber("lag", end - replica.LogEnd);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });
}
