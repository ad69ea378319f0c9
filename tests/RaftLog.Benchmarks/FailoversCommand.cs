using System.CommandLine;
using System.Globalization;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Benchmarks;

/// <summary>
/// <c>failovers</c>: kills the leader of a partition again and again, as <c>kill -9</c> does, and says how long the partition was without
/// one each time.
/// </summary>
internal static class FailoversCommand
{
    private const string Topic = "failovers";
    private const int Nodes = 3;
    private const int SessionTimeoutMs = 4_000;
    private const int Slow = 1_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);

    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<int> kills = new("--kills") { Description = "How often a leader is killed.", DefaultValueFactory = _ => 30 };
        System.CommandLine.Command command = new("failovers", "Measures how long a partition has no leader after kill -9 of its leader.")
        {
            kills,
        };
        command.SetAction(parsed => RunAsync(parsed.GetValue(kills)));
        return command;
    }

    private static async Task<int> RunAsync(int kills)
    {
        Console.WriteLine($"{Machine.Describe()}; {kills} kills, broker.session.timeout.ms = {SessionTimeoutMs}");
        string root = Directory.CreateTempSubdirectory("raftlog-failovers-").FullName;
        ClusterShape shape = new(Nodes, 1)
        {
            Further = [new("broker.session.timeout.ms", SessionTimeoutMs.ToString(CultureInfo.InvariantCulture))],
        };
        List<double> took = [];
        await using (IRunningCluster cluster = await new RaftLogSystem().StartAsync(root, shape))
        {
            using KafkaCluster client = new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers(cluster.Bootstrap) });
            (await client.Admin.CreateTopicsAsync([new NewTopic(Topic, 1, Nodes)]))[0].ThrowIfFailed();
            while (took.Count < kills)
            {
                NodeId leader = await UntilWholeAsync(client);

                // The same broker is fenced at once only once in a session.
                await Task.Delay(SessionTimeoutMs);
                bool isController = (await client.Admin.DescribeQuorumAsync()).Leader == leader;
                long start = TimeProvider.System.GetTimestamp();
                int process = cluster.ProcessIds[leader.Value - 1];
                Signals.Send(process, Signal.Kill);
                NodeId next = await UntilLedAsync(client, leader);
                took.Add(TimeProvider.System.GetElapsedTime(start).TotalMilliseconds);
                Console.Error.WriteLine(
                    $"{took.Count}: {leader}{(isController ? ", active controller" : "")}, to {next} after {took[^1]:0} ms"
                );
                while (ProcessUse.IsRunning(process))
                {
                    await Task.Delay(Pause);
                }

                await cluster.StartAgainAsync();
            }
        }

        Directory.Delete(root, recursive: true);
        took.Sort();
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"| kills | least, ms | median | most | above {Slow} ms |\n|---:|---:|---:|---:|---:|\n"
                    + $"| {took.Count} | {took[0]:0} | {took[took.Count / 2]:0} | {took[^1]:0} | {took.Count(static each => each > Slow)} |"
            )
        );
        return 0;
    }

    /// <summary>The leader, once all replicas are in sync.</summary>
    private static async Task<NodeId> UntilWholeAsync(KafkaCluster client)
    {
        while (true)
        {
            if (await client.Admin.DescribeTopicsAsync([Topic]) is [{ Partitions: [{ Leader.Value: > 0, Isr.Count: Nodes } partition] }])
            {
                return partition.Leader;
            }

            await Task.Delay(Pause);
        }
    }

    /// <summary>The next leader, once a node tells of it.</summary>
    private static async Task<NodeId> UntilLedAsync(KafkaCluster client, NodeId killed)
    {
        while (true)
        {
            if (
                await client.Admin.DescribeTopicsAsync([Topic]) is [{ Partitions: [{ Leader.Value: > 0 } partition] }]
                && partition.Leader != killed
            )
            {
                return partition.Leader;
            }

            await Task.Delay(Pause);
        }
    }
}
