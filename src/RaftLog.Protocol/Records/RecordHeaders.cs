using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Records;

/// <summary>The headers of one record (KIP-82), read one after the other.</summary>
public ref struct RecordHeaders
{
    private readonly ReadOnlySpan<byte> _section;
    private int _position;
    private int _left;

    internal RecordHeaders(ReadOnlySpan<byte> section, int start, int count)
    {
        _section = section;
        _position = start;
        _left = count;
        Count = count;
    }

    /// <summary>The number of headers.</summary>
    public int Count { get; }

    /// <summary>The name of the current header, in UTF-8.</summary>
    public ReadOnlySpan<byte> Key { get; private set; }

    /// <summary>The value of the current header.</summary>
    public NullableBytes Value { get; private set; }

    /// <summary>The current header: this enumerator, after its move.</summary>
    public readonly RecordHeaders Current => this;

    /// <summary>Moves to the next header.</summary>
    /// <exception cref="ProtocolException">The bytes changed since the record was read.</exception>
    public bool MoveNext()
    {
        if (_left == 0)
        {
            return false;
        }

        _left--;
        Key = Next().Span;
        Value = Next();
        return true;
    }

    /// <summary>For <c>foreach</c>.</summary>
    public readonly RecordHeaders GetEnumerator() => this;

    private NullableBytes Next()
    {
        if (!ZigZag.TryRead(_section, ref _position, out int length) || length > _section.Length - _position)
        {
            throw new ProtocolException("a record header is damaged");
        }

        NullableBytes bytes = Record.Slice(_section, _position, length);
        _position += Math.Max(length, 0);
        return bytes;
    }
}
