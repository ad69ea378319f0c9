using RaftLog.Protocol;

namespace RaftLog.Raft.Tests;

/// <summary>How messages, effects and states are written in a transcript.</summary>
internal static class Wording
{
    public static string Of(ScriptedMessage message) =>
        $"{message.From} -> {message.To}  {(message.Request is { } request ? Of(request) : Of(message.Response!, message.Records))}";

    public static string Of(ElectionState state) =>
        $"epoch {state.Epoch}{(state.Leader.IsNode ? $", leader {state.Leader}" : "")}"
        + $"{(state.Voted.IsPresent ? $", voted for {state.Voted.Id}" : "")}";

    public static string RoleOf(RaftCore core) => core.Role.GetType().Name.Replace("Role", "", StringComparison.Ordinal).ToLowerInvariant();

    public static string Of(SnapshotId snapshot) => $"{snapshot.EndOffset}-{snapshot.Epoch}";

    private static string Of(RaftRequest request) =>
        request switch
        {
            RaftVoteRequest { PreVote: true } vote => $"pre-vote request: epoch {vote.Epoch}, log ends at {Of(vote.Log)}",
            RaftVoteRequest vote => $"vote request: epoch {vote.Epoch}, log ends at {Of(vote.Log)}",
            RaftBeginEpochRequest begin => $"BeginQuorumEpoch: leader {begin.Leader}, epoch {begin.Epoch}",
            RaftEndEpochRequest end => $"EndQuorumEpoch: leader {end.Leader}, epoch {end.Epoch}, successors {Of(end.PreferredSuccessors)}",
            RaftFetchRequest fetch =>
                $"fetch: epoch {fetch.Epoch}, from {Of(fetch.Position)}, knows high watermark {fetch.KnownHighWatermark}",
            RaftFetchSnapshotRequest snapshot =>
                $"fetch snapshot {Of(snapshot.Snapshot)}: epoch {snapshot.Epoch}, from byte {snapshot.Position}",
            _ => throw new FormatException($"no words for {request}"),
        };

    private static string Of(RaftReply response, IReadOnlyList<ScriptedRecord> records)
    {
        string said = response switch
        {
            { Error: not ErrorCode.None } => $"error {ErrorName.Of(response.Error)}",
            RaftVoteReply vote => vote.Granted ? "granted" : "rejected",
            RaftEpochReply => "ok",
            RaftFetchReply { Diverging: { } diverging } => $"diverging: epoch {diverging.Epoch} ends at {diverging.EndOffset}",
            RaftFetchReply { Snapshot: { } snapshot } => $"fetch snapshot {Of(snapshot)} instead",
            RaftFetchReply fetch => $"{(records.Count == 0 ? "no records" : Of(records))}, high watermark {fetch.HighWatermark}",
            RaftFetchSnapshotReply bytes => $"bytes {bytes.Position} to {bytes.Position + bytes.Length} of {bytes.Size}",
            _ => throw new FormatException($"no words for {response}"),
        };
        string leader = response.Leader.Leader.IsNode ? $"leader {response.Leader.Leader}" : "no leader";
        return $"response: {said} ({leader}, epoch {response.Leader.Epoch})";
    }

    private static string Of(LogPosition position) => $"{position.EndOffset} of epoch {position.Epoch}";

    private static string Of(IReadOnlyList<ScriptedRecord> records) =>
        "records " + string.Join(' ', records.Select(record => $"{record.Epoch}:{record.Value}"));

    private static string Of(IReadOnlyList<NodeId> nodes) => nodes.Count == 0 ? "none" : string.Join(' ', nodes);
}
