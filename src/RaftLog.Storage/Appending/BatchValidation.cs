namespace RaftLog.Storage;

/// <summary>How deep the leader looks into a producer's batch before it appends it.</summary>
public enum BatchValidation
{
    /// <summary>Every record is walked, of compressed batches too: counts, offsets, keys and timestamps are as the header says.</summary>
    Strict = 0,

    /// <summary>Header and checksum only, unless the topic is compacted: trusts the producer's count and largest timestamp.</summary>
    Relaxed = 1,
}
