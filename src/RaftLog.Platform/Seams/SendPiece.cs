namespace RaftLog.Platform;

/// <summary>A part of what is sent: bytes in memory, which must not change until they are sent, or a range of a file.</summary>
public readonly struct SendPiece
{
    private readonly ReadOnlyMemory<byte> _memory;
    private readonly FileRange _range;

    /// <summary>Bytes in memory.</summary>
    public SendPiece(ReadOnlyMemory<byte> memory) => _memory = memory;

    /// <summary>Bytes of a file.</summary>
    public SendPiece(in FileRange range) => _range = range;

    /// <summary>The number of bytes.</summary>
    public int Length => IsRange ? _range.Length : _memory.Length;

    /// <summary>True when the bytes lie in a file.</summary>
    public bool IsRange => _range.File is not null;

    /// <summary>The bytes; empty for a range.</summary>
    public ReadOnlyMemory<byte> Memory => _memory;

    /// <summary>The range; meaningless for memory.</summary>
    public FileRange Range => _range;

    /// <summary>Bytes in memory.</summary>
    public static implicit operator SendPiece(ReadOnlyMemory<byte> memory) => new(memory);

    /// <summary>Bytes in memory.</summary>
    public static implicit operator SendPiece(Memory<byte> memory) => new(memory);

    /// <summary>Bytes in memory.</summary>
    public static implicit operator SendPiece(byte[] memory) => new(memory);

    /// <summary>
    /// Copies the next bytes of the piece, as many as fit.
    /// </summary>
    /// <param name="from">How many bytes of the piece were taken before.</param>
    /// <param name="target">Where they go.</param>
    /// <returns>The number of bytes copied.</returns>
    /// <exception cref="FileRangeException">The file no longer holds them.</exception>
    /// <exception cref="DiskException">The disk refuses.</exception>
    public int CopyTo(int from, Span<byte> target)
    {
        int count = Math.Min(Length - from, target.Length);
        if (IsRange)
        {
            _range.Read(from, target[..count]);
        }
        else
        {
            _memory.Span.Slice(from, count).CopyTo(target);
        }

        return count;
    }
}
