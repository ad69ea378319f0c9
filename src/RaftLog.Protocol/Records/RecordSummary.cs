namespace RaftLog.Protocol.Records;

/// <summary>What a walk over the records of a batch found.</summary>
/// <param name="MinTimestamp">The smallest timestamp of the records, in milliseconds since 1970.</param>
/// <param name="MaxTimestamp">The largest timestamp of the records.</param>
/// <param name="OffsetDeltaOfMaxTimestamp">The first record with the largest timestamp.</param>
/// <param name="Keyless">The number of records without a key, which a compacted topic rejects.</param>
public readonly record struct RecordSummary(long MinTimestamp, long MaxTimestamp, int OffsetDeltaOfMaxTimestamp, int Keyless);
