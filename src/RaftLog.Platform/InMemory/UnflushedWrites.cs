namespace RaftLog.Platform;

/// <summary>What has been written to a file since its last flush, with what stood there before: what a loss of power takes back.</summary>
internal sealed class UnflushedWrites
{
    private readonly List<(long Position, byte[] Before)> _overwritten = [];
    private long _flushedLength;

    /// <summary>Bytes within the flushed length are about to be written over.</summary>
    /// <param name="position">Where.</param>
    /// <param name="count">How many bytes are written.</param>
    /// <param name="read">Reads what stands at a position.</param>
    public void Overwrite(long position, int count, Func<long, int, byte[]> read)
    {
        int within = (int)Math.Clamp(_flushedLength - position, 0, count);
        if (within > 0)
        {
            _overwritten.Add((position, read(position, within)));
        }
    }

    /// <summary>Everything is flushed.</summary>
    public void Flush(long length)
    {
        _overwritten.Clear();
        _flushedLength = length;
    }

    /// <summary>Takes a copy of the file back to what was flushed.</summary>
    /// <param name="copy">The copy of the file as it is.</param>
    public void TakeBack(InMemoryContent copy)
    {
        copy.SetLength(_flushedLength);
        for (int i = _overwritten.Count - 1; i >= 0; i--)
        {
            copy.Write(_overwritten[i].Position, _overwritten[i].Before);
        }
    }
}
