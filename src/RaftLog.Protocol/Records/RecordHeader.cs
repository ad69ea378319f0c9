namespace RaftLog.Protocol.Records;

/// <summary>A header to write: a name and a value that rides along with a record (KIP-82).</summary>
/// <param name="Key">The name; it may repeat within a record.</param>
/// <param name="Value">The value, or null.</param>
public readonly record struct RecordHeader(string Key, ReadOnlyMemory<byte>? Value)
{
    /// <summary>A header whose value is an array, of which null stays null (as memory a null array would be empty).</summary>
    public RecordHeader(string key, byte[]? value)
        : this(key, value is null ? new ReadOnlyMemory<byte>?() : value.AsMemory()) { }
}
