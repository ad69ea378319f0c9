namespace RaftLog.Platform;

/// <summary>
/// The bytes of a file in memory, in pieces, so that growing moves nothing. What was never written is zero. Guarded by its own lock.
/// </summary>
/// <param name="unflushed">Notes what is not flushed; null where nobody asks for it.</param>
internal sealed class InMemoryContent(UnflushedWrites? unflushed = null)
{
    private const int PieceSize = 64 << 10;

    private readonly Lock _lock = new();
    private readonly List<byte[]?> _pieces = [];
    private long _length;

    internal long Length
    {
        get
        {
            lock (_lock)
            {
                return _length;
            }
        }
    }

    internal int Read(long position, Span<byte> target)
    {
        lock (_lock)
        {
            int count = (int)Math.Clamp(_length - position, 0, target.Length);
            for (int done = 0; done < count; )
            {
                (int piece, int at) = Place(position + done);
                int part = Math.Min(count - done, PieceSize - at);
                Span<byte> to = target.Slice(done, part);
                if (_pieces[piece] is { } bytes)
                {
                    bytes.AsSpan(at, part).CopyTo(to);
                }
                else
                {
                    to.Clear();
                }

                done += part;
            }

            return count;
        }
    }

    /// <summary>All that was written so far survives a loss of power.</summary>
    internal void Flush()
    {
        lock (_lock)
        {
            unflushed?.Flush(_length);
        }
    }

    /// <summary>A copy of the file as it is, or as it was flushed.</summary>
    internal InMemoryContent Copy(bool flushedOnly)
    {
        InMemoryContent copy = new(unflushed is null ? null : new UnflushedWrites());
        lock (_lock)
        {
            foreach (byte[]? piece in _pieces)
            {
                copy._pieces.Add((byte[]?)piece?.Clone());
            }

            copy._length = _length;
            if (flushedOnly)
            {
                unflushed?.TakeBack(copy);
            }
        }

        copy.Flush();
        return copy;
    }

    internal void Write(long position, ReadOnlySpan<byte> source)
    {
        lock (_lock)
        {
            unflushed?.Overwrite(position, source.Length, Bytes);
            if (position + source.Length > _length)
            {
                Resize(position + source.Length);
            }

            for (int done = 0; done < source.Length; )
            {
                (int piece, int at) = Place(position + done);
                int part = Math.Min(source.Length - done, PieceSize - at);
                byte[] bytes = _pieces[piece] ??= new byte[PieceSize];
                source.Slice(done, part).CopyTo(bytes.AsSpan(at));
                done += part;
            }
        }
    }

    internal void SetLength(long length)
    {
        lock (_lock)
        {
            if (length < _length)
            {
                unflushed?.Overwrite(length, (int)Math.Min(_length - length, int.MaxValue), Bytes);
            }

            Resize(length);
        }
    }

    private static (int Piece, int At) Place(long position) => ((int)(position / PieceSize), (int)(position % PieceSize));

    private byte[] Bytes(long position, int count)
    {
        byte[] bytes = new byte[count];
        Read(position, bytes);
        return bytes;
    }

    private void Resize(long length)
    {
        int pieces = (int)((length + PieceSize - 1) / PieceSize);
        if (length < _length)
        {
            _pieces.RemoveRange(pieces, _pieces.Count - pieces);
            (int last, int at) = Place(length);
            if (at > 0 && _pieces[last] is { } bytes)
            {
                bytes.AsSpan(at).Clear();
            }
        }

        while (_pieces.Count < pieces)
        {
            _pieces.Add(null);
        }

        _length = length;
    }
}
