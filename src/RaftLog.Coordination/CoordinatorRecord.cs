namespace RaftLog.Coordination;

/// <summary>
/// One record of an internal topic (<c>__consumer_offsets</c>, <c>__transaction_state</c>): a key and a value, each a version (int16) and
/// Kafka's schema of that version.
/// </summary>
/// <param name="Key">The key's bytes; its version says what the record is about.</param>
/// <param name="Value">The value's bytes; null is a tombstone, which deletes what the key names.</param>
public readonly record struct CoordinatorRecord(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte>? Value);
