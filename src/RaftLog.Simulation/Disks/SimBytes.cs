namespace RaftLog.Simulation;

/// <summary>Bytes that grow. What was never written is zero.</summary>
internal sealed class SimBytes
{
    private const int FirstCapacity = 512;

    private readonly List<ChangeMark> _marks = [];
    private byte[] _bytes = [];

    internal int Length { get; private set; }

    /// <summary>Grows with each change.</summary>
    internal long Version { get; private set; }

    internal ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

    /// <summary>Begins to note, for one reader, from where on the bytes have changed.</summary>
    internal ChangeMark Watch()
    {
        ChangeMark mark = new();
        _marks.Add(mark);
        return mark;
    }

    internal int Read(long position, Span<byte> target)
    {
        int count = (int)Math.Clamp(Length - position, 0, target.Length);
        if (count > 0)
        {
            _bytes.AsSpan((int)position, count).CopyTo(target);
        }

        return count;
    }

    internal void Write(long position, ReadOnlySpan<byte> source)
    {
        int end = checked((int)(position + source.Length));
        if (end > Length)
        {
            SetLength(end);
        }

        source.CopyTo(_bytes.AsSpan((int)position));
        Changed((int)position);
    }

    internal void SetLength(long length)
    {
        int wanted = checked((int)length);
        if (wanted > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(wanted, Math.Max(FirstCapacity, _bytes.Length * 2)));
        }

        if (wanted < Length)
        {
            _bytes.AsSpan(wanted, Length - wanted).Clear();
        }

        Changed(Math.Min(wanted, Length));
        Length = wanted;
    }

    internal void CopyFrom(SimBytes other)
    {
        _bytes = other.Span.ToArray();
        Length = other.Length;
        Changed(0);
    }

    private void Changed(int position)
    {
        Version++;
        foreach (ChangeMark mark in _marks)
        {
            mark.Note(position);
        }
    }
}
