using System.Globalization;
using System.Text.Json;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Interop.Tests;

/// <summary>
/// Leaders move five times a second under librdkafka, which keeps five requests under way. <c>RAFTLOG_MOVE_SECONDS</c> says for how long;
/// the figures of the documents are from 40.
/// </summary>
[Collection(SharedClusterCollection.Name)]
public sealed class LeaderMovesTests(SharedCluster shared)
{
    private const int Partitions = 12;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);
    private static readonly double Seconds = double.Parse(
        Environment.GetEnvironmentVariable("RAFTLOG_MOVE_SECONDS") ?? "6",
        CultureInfo.InvariantCulture
    );

    [PythonFact]
    public Task Idempotent_producer_writes_nothing_twice_while_leaders_move() =>
        shared.WatchAsync(async cluster =>
        {
            const string topic = "moving";
            await cluster.View.CreateTopicAsync(topic, Partitions, replicas: 3);
            using CancellationTokenSource over = new();
            Task<int> moves = MoveLeadersAsync(cluster.View, topic, over.Token);
            CommandResult result;
            try
            {
                result = (
                    await PythonClients.RunAsync(
                        "pipelining_producer.py",
                        cluster.Bootstrap,
                        topic,
                        Seconds.ToString(CultureInfo.InvariantCulture)
                    )
                ).Succeeded();
            }
            finally
            {
                await over.CancelAsync();
            }

            int moved = await moves;
            string line = $"{result.Lines[^1]}, {moved} rounds of moves";
            Console.WriteLine(line);
            using JsonDocument seen = JsonDocument.Parse(result.Lines[^1]);
            Assert.True(moved > Seconds, line);
            Assert.All(
                ["left", "disordered", "missing", "twice"],
                each => Assert.True(seen.RootElement.GetProperty(each).GetInt32() == 0, line)
            );
            Assert.Equal(0, seen.RootElement.GetProperty("failed").GetArrayLength());
        });

    /// <summary>Puts another replica in front of every partition and asks for the preferred leaders, round after round.</summary>
    private static async Task<int> MoveLeadersAsync(ClusterView view, string topic, CancellationToken over)
    {
        for (int round = 0; ; round++)
        {
            try
            {
                await Task.Delay(Interval, over);
            }
            catch (OperationCanceledException)
            {
                return round;
            }

            AlterPartitionReassignmentsRequest.ReassignableTopic order = new() { Name = topic };
            for (int partition = 0; partition < Partitions; partition++)
            {
                int first = partition + round;
                order.Partitions.Add(
                    new()
                    {
                        PartitionIndex = partition,
                        Replicas = [.. Enumerable.Range(0, 3).Select(each => new NodeId(1 + ((first + each) % 3)))],
                    }
                );
            }

            await view.AskAsync(new AlterPartitionReassignmentsRequest { Topics = [order], TimeoutMs = 10_000 });
            await view.ElectPreferredAsync();
        }
    }
}
