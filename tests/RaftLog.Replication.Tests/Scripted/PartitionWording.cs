using RaftLog.Protocol;
using RaftLog.Simulation.Cores;

namespace RaftLog.Replication.Tests;

/// <summary>How fetches, responses and states are written in a transcript.</summary>
internal static class PartitionWording
{
    public static string Of(NodeSet nodes) => nodes.Count == 0 ? "none" : string.Join(' ', nodes.Nodes.ToArray());

    public static string Of(FetchPosition fetch) =>
        $"fetch: leader epoch {Of(fetch.CurrentLeaderEpoch)}, from {fetch.FetchOffset}, last epoch {Of(fetch.LastFetchedEpoch)}";

    public static string Of(DataResponse response) =>
        response.Response switch
        {
            { Error: not ErrorCode.None } failed => $"response: {ErrorName.Of(failed.Error)}",
            { Diverging: { } diverging } => $"response: {Of(diverging)}",
            var records => $"response: {Records(response.Entries)}, high watermark {records.HighWatermark}",
        };

    public static string Of(DataReplica node, FetchPosition position, FetchVerdict verdict) =>
        verdict.Error != ErrorCode.None ? ErrorName.Of(verdict.Error)
        : verdict.Diverging is { } diverging ? Of(diverging)
        : Records(node.Read(verdict, (int)position.FetchOffset.Value, Math.Max(0, (int)(verdict.Limit - position.FetchOffset))));

    public static string Of(CommitVerdict verdict) =>
        verdict switch
        {
            CommitVerdict.Waiting => "not yet",
            CommitVerdict.Committed => "yes",
            CommitVerdict.TooFewInSync => ErrorName.Of(ErrorCode.NotEnoughReplicasAfterAppend),
            _ => ErrorName.Of(ErrorCode.NotLeaderOrFollower),
        };

    public static string Of(FollowerStepKind step, int logEnd) =>
        step switch
        {
            FollowerStepKind.Truncate => $"truncates its log to {logEnd}",
            FollowerStepKind.Drop => "drops the response",
            FollowerStepKind.AwaitMetadata => "waits for metadata",
            FollowerStepKind.BackOff => "tries again later",
            FollowerStepKind.StartOver => "starts its log over",
            FollowerStepKind.AskLogStart => "asks where the leader's log starts",
            _ => "appends",
        };

    public static string Of(DataReplica node)
    {
        string role = node.Core.Role switch
        {
            PartitionLeaderRole leader => $"leader, epoch {leader.Epoch}, {Of(leader.InSync)}",
            PartitionFollowerRole follower => $"follower of {follower.Leader}, epoch {follower.Epoch}",
            _ => $"idle, epoch {Of(node.Core.Role.Epoch)}",
        };
        string durable = node.Log.DurableEnd < node.Log.End ? $" of which {node.Log.DurableEnd} flushed" : "";
        return $"{node.Node}: {role}, log {Of(node.Log)} end {node.Log.End}{durable}, high watermark {node.Core.HighWatermark}";
    }

    private static string Of(InSyncState state) =>
        state switch
        {
            InSyncState.PendingExpansion => $"in sync {Of(state.Committed)} and perhaps {Of(state.Maximal.Without(state.Committed))}",
            InSyncState.PendingShrink shrink =>
                $"in sync {Of(shrink.Proposal.InSync)} and perhaps still {Of(state.Committed.Without(shrink.Proposal.InSync))}",
            _ => $"in sync {Of(state.Committed)}",
        };

    private static string Of(EpochEnd diverging) => $"diverging: epoch {diverging.Epoch} ends at {diverging.End}";

    private static string Of(LeaderEpoch epoch) => epoch == LeaderEpoch.None ? "none" : epoch.ToString();

    /// <summary>The records by epoch, as in <c>1:[a b] 3:[c]</c>.</summary>
    private static string Of(DataLog log)
    {
        List<DataEntry> entries = [];
        for (int offset = 0; offset < log.End; offset++)
        {
            entries.Add(log[offset]);
        }

        IEnumerable<string> epochs = entries
            .GroupBy(entry => entry.Epoch)
            .Select(epoch => $"{epoch.Key}:[{string.Join(' ', epoch.Select(NameOf))}]");
        return entries.Count == 0 ? "empty" : string.Join(' ', epochs);
    }

    private static string Records(DataEntry[] entries) =>
        entries.Length == 0 ? "no records" : "records " + string.Join(' ', entries.Select(entry => $"{entry.Epoch}:{NameOf(entry)}"));

    private static char NameOf(DataEntry entry) => (char)('a' + entry.Sequence - 1);
}
