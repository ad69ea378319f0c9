namespace RaftLog.Platform;

/// <summary>An open file of <see cref="InMemoryDisk"/>. It goes on working after its name is gone, as on Unix.</summary>
internal sealed class InMemoryFile(InMemoryDisk disk, string path, InMemoryContent content) : IDiskFile
{
    private int _closed;

    public string Path => path;

    public long Length
    {
        get
        {
            CheckOpen("stat");
            return content.Length;
        }
    }

    public int Read(long position, Span<byte> target)
    {
        CheckOpen("read");
        disk.Ask("read", path);
        return content.Read(position, target);
    }

    public void Write(long position, ReadOnlySpan<byte> source)
    {
        CheckOpen("write");
        disk.Ask("write", path);
        disk.Charge(path, Math.Max(0, position + source.Length - content.Length));
        content.Write(position, source);
    }

    public void SetLength(long length)
    {
        CheckOpen("truncate");
        disk.Ask("truncate", path);
        disk.Charge(path, length - content.Length);
        content.SetLength(length);
    }

    /// <summary>What was written so far survives a loss of power.</summary>
    public void Flush() => content.Flush();

    public void DropCache() => CheckOpen("fadvise");

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _closed, 1) == 0)
        {
            disk.Closed();
        }
    }

    private void CheckOpen(string operation)
    {
        if (Volatile.Read(ref _closed) != 0)
        {
            throw new DiskException(path, DiskErrorKind.NotFound, operation, "the file is closed");
        }
    }
}
