namespace RaftLog.Protocol.Records;

/// <summary>A key or value: bytes, or null. A span alone cannot tell null (a tombstone) from empty.</summary>
public readonly ref struct NullableBytes
{
    private readonly bool _present;

    /// <summary>Wraps bytes that are there, even if they are none.</summary>
    public NullableBytes(ReadOnlySpan<byte> bytes)
    {
        Span = bytes;
        _present = true;
    }

    /// <summary>No bytes.</summary>
    public static NullableBytes Null => default;

    /// <summary>True for null, false for bytes and for no bytes.</summary>
    public bool IsNull => !_present;

    /// <summary>The bytes; empty for null.</summary>
    public ReadOnlySpan<byte> Span { get; }

    /// <summary>The number of bytes; 0 for null.</summary>
    public int Length => Span.Length;

    public static implicit operator NullableBytes(ReadOnlySpan<byte> bytes) => new(bytes);

    public static implicit operator NullableBytes(Span<byte> bytes) => new(bytes);

    public static implicit operator NullableBytes(byte[]? bytes) => bytes is null ? Null : new(bytes);

    public static implicit operator NullableBytes(ReadOnlyMemory<byte>? bytes) => bytes is { } memory ? new(memory.Span) : Null;

    /// <summary>A copy of the bytes, or null.</summary>
    public byte[]? ToArray() => IsNull ? null : Span.ToArray();
}
