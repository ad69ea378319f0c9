using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;
using RaftLog.Raft;

namespace RaftLog.Broker.Quorum;

/// <summary>
/// Builds the batches of the metadata log: controllers' records, and the control records of the quorum (KIP-595, KIP-631).
/// </summary>
internal static class MetadataBatches
{
    /// <summary>The largest batch of metadata records; a decision that needs more is a defect, since requests are bounded.</summary>
    public const int MaxBatchBytes = 8 * 1024 * 1024;

    private const short LeaderChangeVersion = 0;

    /// <summary>
    /// One batch with these records, which are committed together or not at all. Offset and epoch are assigned by the log.
    /// </summary>
    public static byte[] Records(IReadOnlyList<IMetadataRecord> records, MetadataVersion level, long timestampMs)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(MaxBatchBytes));
        foreach (IMetadataRecord record in records)
        {
            bool fits = builder.TryAppend(timestampMs, NullableBytes.Null, MetadataRecordCodec.ToBytes(record, level));
            Invariant.Holds(fits, "B-02", $"a decision of {records.Count} metadata records does not fit into {MaxBatchBytes} bytes");
        }

        return builder.Seal().ToArray();
    }

    /// <summary>The batch that opens a leadership.</summary>
    public static byte[] LeaderChange(RaftEffect.AppendLeaderChange change, long timestampMs)
    {
        LeaderChangeMessage message = new() { Version = LeaderChangeVersion, LeaderId = change.Leader };
        foreach (ReplicaKey voter in change.Voters)
        {
            message.Voters.Add(new() { VoterId = voter.Id, VoterDirectoryId = voter.DirectoryId });
        }

        foreach (ReplicaKey voter in change.GrantingVoters)
        {
            message.GrantingVoters.Add(new() { VoterId = voter.Id, VoterDirectoryId = voter.DirectoryId });
        }

        WireWriter writer = new();
        message.Write(writer, LeaderChangeVersion);
        using RecordBatchBuilder builder = new(new RecordBatchOptions(MaxBatchBytes));
        builder.TryAppendControl(timestampMs, ControlRecordType.LeaderChange, writer.ToArray());
        return builder.Seal().ToArray();
    }
}
