using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>A group of many members on many partitions; one after the other leaves, and the others take over what it had.</summary>
/// <param name="cluster">One node, which coordinates everything.</param>
/// <param name="members">How many members.</param>
/// <param name="partitions">How many partitions.</param>
/// <param name="leaves">How many members leave.</param>
internal sealed class Rebalances(IRunningCluster cluster, int members, int partitions, int leaves)
{
    private const string Topic = "shared-out";
    private static readonly TimeSpan Heartbeat = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Session = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);

    /// <summary>The system counts processor time in steps of 10 ms, so it is taken over longer than the rebalance.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(2);

    /// <summary>Runs it with members of one kind.</summary>
    /// <param name="protocol">The name of the kind, for the table.</param>
    /// <param name="make">Makes a member with a connection, a number and the watch.</param>
    public async Task<IReadOnlyList<Figure>> RunAsync(string protocol, Func<WireClient, GroupWork, int, RebalanceWatch, GroupMember> make)
    {
        GroupWork work = new($"group-{protocol}", Topic, await CreateTopicAsync(), partitions, Heartbeat, Session);
        RebalanceWatch watch = new(partitions);
        int port = await (await CoordinatorFinder.OfAsync(cluster)).PortOfAsync(work.Group);
        List<GroupMember> joined = [];
        try
        {
            for (int number = 0; number < members; number++)
            {
                joined.Add(make(await WireClient.ConnectAsync(port), work, number, watch));
            }

            foreach (GroupMember member in joined)
            {
                _ = member.RunAsync();
            }

            await CompleteAsync(watch);
            List<double> took = [];
            List<double> used = [];
            for (int i = 1; i <= leaves; i++)
            {
                await Task.Delay(Calm);
                await CompleteAsync(watch);
                double before = ProcessUse.Of(cluster.ProcessIds).ProcessorSeconds;
                long start = TimeProvider.System.GetTimestamp();
                await joined[^i].LeaveAsync();
                long end = await CompleteAsync(watch);
                took.Add(TimeProvider.System.GetElapsedTime(start, end).TotalMilliseconds);
                TimeSpan rest = Window - TimeProvider.System.GetElapsedTime(start);
                await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
                used.Add((ProcessUse.Of(cluster.ProcessIds).ProcessorSeconds - before) * 1000);
            }

            took.Sort();
            return
            [
                new($"{protocol} group: a member leaves, until the last assignment, median ms", took[took.Count / 2]),
                new($"{protocol} group: the same, longest ms", took[^1]),
                new($"{protocol} group: coordinator's processor in the second of a rebalance, mean ms", used.Average()),
            ];
        }
        finally
        {
            joined.ForEach(static each => each.Dispose());
        }
    }

    private static async Task<long> CompleteAsync(RebalanceWatch watch)
    {
        try
        {
            return await watch.Complete.WaitAsync(Patience);
        }
        catch (TimeoutException e)
        {
            throw new InvalidOperationException($"the group does not settle: {watch.Describe()}", e);
        }
    }

    private async Task<Uuid> CreateTopicAsync()
    {
        using KafkaCluster client = cluster.NewClient(Patience);
        (await client.Admin.CreateTopicsAsync([new NewTopic(Topic) { Partitions = partitions }]))[0].ThrowIfFailed();
        return (await client.Admin.DescribeTopicsAsync([Topic]))[0].Id;
    }
}
