using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Protocol.Messages;

namespace RaftLog.Interop.Tests;

/// <summary>
/// What is no evidence that a node has died: a pause, a backlog that is full, a machine that is busy. Nobody is fenced and nobody is
/// elected; the epochs of partitions, of the quorum and of brokers are the same afterwards. Connections that are reset are in the tests of
/// the broker.
/// </summary>
public sealed class NoEvidenceTests
{
    private const string Topic = "steady";
    private const int Partitions = 6;
    private const string BusyVariable = "RAFTLOG_BUSY_SECONDS";

    [Fact]
    public Task A_pause_of_one_second_fences_nobody_and_elects_nobody() =>
        ChangesNothingAsync(async cluster =>
        {
            foreach (NodeProcess node in cluster.Nodes)
            {
                await PausedAsync(node, () => Task.Delay(TimeSpan.FromSeconds(1)));
                await cluster.View.UntilBrokersAsync(3);
            }
        });

    [Fact]
    public Task A_full_accept_backlog_fences_nobody_and_elects_nobody() =>
        ChangesNothingAsync(async cluster =>
        {
            foreach (NodeProcess node in cluster.Nodes)
            {
                List<Socket> waiting = [];
                await PausedAsync(
                    node,
                    async () =>
                    {
                        waiting = await FillBacklogAsync(node.Port);
                        await Task.Delay(TimeSpan.FromMilliseconds(500));
                    }
                );
                waiting.ForEach(socket => socket.Dispose());
                await cluster.View.UntilBrokersAsync(3);
            }
        });

    /// <summary>Four busy processes a processor for fifteen seconds; RAFTLOG_BUSY_SECONDS=60 makes it a minute.</summary>
    [Fact]
    public Task A_busy_machine_fences_nobody_and_elects_nobody() =>
        ChangesNothingAsync(async cluster =>
        {
            const int processesACore = 4;
            double seconds = double.Parse(Environment.GetEnvironmentVariable(BusyVariable) ?? "15", CultureInfo.InvariantCulture);
            List<Command> busy = [];
            try
            {
                for (int i = 0; i < processesACore * Environment.ProcessorCount; i++)
                {
                    busy.Add(Command.Start("/bin/sh", ["-c", "while :; do :; done"]));
                }

                long start = TimeProvider.System.GetTimestamp();
                while (TimeProvider.System.GetElapsedTime(start).TotalSeconds < seconds)
                {
                    await TryProduceAsync(cluster);
                }
            }
            finally
            {
                busy.ForEach(process => process.Dispose());
            }
        });

    private static async Task ChangesNothingAsync(Func<Cluster, Task> disturb)
    {
        using Cluster cluster = await Cluster.StartAsync(3);
        await cluster.WatchAsync(async _ =>
        {
            await cluster.View.CreateTopicAsync(Topic, Partitions, replicas: 3);
            string before = await EpochsAsync(cluster);
            await disturb(cluster);
            await cluster.View.UntilBrokersAsync(3);
            Assert.True(await cluster.View.TryProduceAsync(Topic, 0, RawBatches.Of("after")));
            Assert.Equal(before, await EpochsAsync(cluster));
        });
    }

    /// <summary>
    /// The quorum's leader and epoch; leader, epoch and in-sync replicas of each partition; and how often each broker has registered and
    /// been unfenced.
    /// </summary>
    private static async Task<string> EpochsAsync(Cluster cluster)
    {
        QuorumLeader quorum = await cluster.View.ControllerAsync();
        MetadataResponse.TopicData topic = await cluster.View.TopicAsync(Topic);
        IEnumerable<string> partitions = topic
            .Partitions.OrderBy(each => each.PartitionIndex)
            .Select(each =>
                $"{each.PartitionIndex}: leader {each.LeaderId} epoch {each.LeaderEpoch} in sync {string.Join(',', each.IsrNodes.Order())}"
            );
        IEnumerable<string> brokers = cluster.Nodes.Select(node =>
        {
            string[] nodeLog = File.ReadAllLines(Path.Combine(node.Directory, "raftlog.log"));
            IEnumerable<string> registrations = nodeLog
                .Where(IsRegistration)
                .Select(static line => line[line.IndexOf("broker", StringComparison.Ordinal)..]);
            return $"broker {node.Id}: {string.Join("; ", registrations)}";
        });
        return string.Join('\n', [$"quorum: leader {quorum.Node.Id} epoch {quorum.Epoch}", .. partitions, .. brokers]);
    }

    private static bool IsRegistration(string line) =>
        line.Contains("is registered with epoch", StringComparison.Ordinal) || line.Contains("is unfenced", StringComparison.Ordinal);

    private static async Task PausedAsync(NodeProcess node, Func<Task> meanwhile)
    {
        node.Send(Signal.Stop);
        try
        {
            await meanwhile();
        }
        finally
        {
            node.Send(Signal.Continue);
        }
    }

    /// <summary>Connects to a paused node until its system takes no more connections.</summary>
    private static async Task<List<Socket>> FillBacklogAsync(int port)
    {
        const int more = 5000;
        List<Socket> waiting = [];
        for (int i = 0; i < more; i++)
        {
            Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            waiting.Add(socket);
            using CancellationTokenSource bound = new(TimeSpan.FromMilliseconds(300));
            try
            {
                await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), bound.Token);
            }
            catch (OperationCanceledException)
            {
                return waiting;
            }
        }

        throw new Xunit.Sdk.XunitException($"the backlog of port {port} takes more than {more} connections");
    }

    private static async Task TryProduceAsync(Cluster cluster)
    {
        try
        {
            await cluster.View.TryProduceAsync(Topic, 0, RawBatches.Of("meanwhile"));
        }
        catch (WireException)
        {
            // A request may take too long on such a machine; what counts is what the cluster concludes from it.
        }
    }
}
