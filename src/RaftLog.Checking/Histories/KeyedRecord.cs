using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>A record that a reader of a compacted partition was given.</summary>
/// <param name="Offset">At which offset.</param>
/// <param name="Key">Its key.</param>
/// <param name="Value">What it says; null for a tombstone.</param>
public readonly record struct KeyedRecord(Offset Offset, int Key, RecordValue? Value);
