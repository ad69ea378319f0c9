using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>
/// Many groups with offsets on one coordinator, which is killed: how long until another one has loaded them and tells their offsets.
/// </summary>
/// <param name="cluster">Three nodes whose <c>__consumer_offsets</c> has one partition.</param>
/// <param name="groups">How many groups.</param>
/// <param name="partitions">How many partitions each has committed.</param>
internal sealed class CoordinatorFailover(IRunningCluster cluster, int groups, int partitions)
{
    private const string Topic = "kept";
    private const short CommitByName = 8;
    private const short FetchByName = 8;
    private const int AtOnce = 32;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Commits, kills, and asks the others until every group has its offsets.</summary>
    public async Task<IReadOnlyList<Figure>> RunAsync()
    {
        using (KafkaCluster client = cluster.NewClient(Patience))
        {
            (await client.Admin.CreateTopicsAsync([new NewTopic(Topic) { Partitions = partitions }]))[0].ThrowIfFailed();
        }

        IReadOnlyList<int> ports = cluster.Ports();
        int coordinator = await (await CoordinatorFinder.OfAsync(cluster)).PortOfAsync(Group(0));
        await CommitAllAsync(coordinator);
        int killed = ports.ToList().IndexOf(coordinator);
        List<WireClient> others = [];
        foreach (int port in ports.Where(each => each != coordinator))
        {
            others.Add(await WireClient.ConnectAsync(port));
        }

        long start = TimeProvider.System.GetTimestamp();
        Signals.Send(cluster.ProcessIds[killed], Signal.Kill);
        WireClient loaded = await FirstThatTellsAsync(others, start);
        double first = TimeProvider.System.GetElapsedTime(start).TotalMilliseconds;
        for (int i = 0; i < groups; i++)
        {
            if (!await TellsAsync(loaded, Group(i)))
            {
                throw new InvalidOperationException($"the offsets of {Group(i)} are lost");
            }
        }

        others.ForEach(static wire => wire.Dispose());
        return [new($"{groups} groups: coordinator killed, until another tells their offsets, ms", first)];
    }

    private static string Group(int number) => $"keeper-{number}";

    private async Task CommitAllAsync(int port)
    {
        int next = -1;
        await Task.WhenAll(
            Enumerable
                .Range(0, AtOnce)
                .Select(async _ =>
                {
                    using WireClient wire = await WireClient.ConnectAsync(port);
                    while (Interlocked.Increment(ref next) is var number && number < groups)
                    {
                        await CommitAsync(wire, number);
                    }
                })
        );
    }

    /// <summary>Commits, and again where Kafka's coordinator has been named and is not loaded yet.</summary>
    private async Task CommitAsync(WireClient wire, int number)
    {
        while (true)
        {
            OffsetCommitRequest request = OneCommit.Of(Group(number), Topic, partitions, number);
            OffsetCommitResponse response = await wire.AskAsync(request, CommitByName);
            ErrorCode error = response.Topics[0].Partitions.Max(static each => each.ErrorCode);
            if (error == ErrorCode.None)
            {
                return;
            }

            if (error is not (ErrorCode.NotCoordinator or ErrorCode.CoordinatorLoadInProgress))
            {
                throw new InvalidOperationException($"a commit was rejected: {error}");
            }

            await Task.Delay(Pause);
        }
    }

    private async Task<WireClient> FirstThatTellsAsync(List<WireClient> others, long start)
    {
        while (TimeProvider.System.GetElapsedTime(start) < Patience)
        {
            foreach (WireClient wire in others)
            {
                if (await TellsAsync(wire, Group(groups - 1)))
                {
                    return wire;
                }
            }

            await Task.Delay(Pause);
        }

        throw new InvalidOperationException($"no other coordinator after {Patience.TotalSeconds} s");
    }

    private async Task<bool> TellsAsync(WireClient wire, string group)
    {
        OffsetFetchResponse response = await wire.AskAsync(
            new OffsetFetchRequest
            {
                Groups =
                [
                    new() { GroupId = group, Topics = [new() { Name = Topic, PartitionIndexes = [.. Enumerable.Range(0, partitions)] }] },
                ],
            },
            FetchByName
        );
        OffsetFetchResponse.OffsetFetchGroupResult result = response.Groups[0];
        return result.ErrorCode == ErrorCode.None && result.Topics[0].Partitions.All(static each => each.CommittedOffset.Value >= 0);
    }
}
