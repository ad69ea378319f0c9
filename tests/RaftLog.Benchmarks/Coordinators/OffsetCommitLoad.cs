using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>Groups without members, each on its own connection, that commit an offset as soon as the last one was acknowledged.</summary>
/// <param name="cluster">The cluster.</param>
/// <param name="groups">How many groups.</param>
internal sealed class OffsetCommitLoad(IRunningCluster cluster, int groups)
{
    private const string Topic = "committed";
    private const short ByName = 8;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Throughput _commits = new(cluster, WarmUp, Measured);

    /// <summary>Commits, and counts.</summary>
    public async Task<IReadOnlyList<Figure>> RunAsync()
    {
        using KafkaCluster client = cluster.NewClient(Patience);
        (await client.Admin.CreateTopicsAsync([new NewTopic(Topic) { Partitions = 1 }]))[0].ThrowIfFailed();
        List<WireClient> wires = [];
        try
        {
            CoordinatorFinder find = await CoordinatorFinder.OfAsync(cluster);
            for (int i = 0; i < groups; i++)
            {
                wires.Add(await WireClient.ConnectAsync(await find.PortOfAsync(Group(i))));
            }

            return await _commits.MeasureAsync(
                $"{groups} groups",
                "offset commits",
                "commit",
                stop => wires.Select((wire, index) => CommitAsync(wire, Group(index), stop))
            );
        }
        finally
        {
            wires.ForEach(static wire => wire.Dispose());
        }
    }

    private static string Group(int number) => $"committer-{number}";

    private async Task CommitAsync(WireClient wire, string group, CancellationToken stop)
    {
        for (long offset = 0; !stop.IsCancellationRequested; offset++)
        {
            OffsetCommitResponse response = await wire.AskAsync(OneCommit.Of(group, Topic, partitions: 1, offset), ByName);
            if (response.Topics[0].Partitions[0].ErrorCode is var error && error != ErrorCode.None)
            {
                throw new InvalidOperationException($"a commit of {group} was rejected: {error}");
            }

            _commits.Count();
        }
    }
}
