namespace RaftLog.Platform;

/// <summary>An open file, kept open until the lease is disposed. Dispose it once.</summary>
public readonly struct FileLease : IDisposable
{
    private readonly CachedFile? _holder;

    /// <summary>A lease of a file that stays open anyway, until its owner disposes it.</summary>
    public FileLease(IDiskFile file) => File = file;

    internal FileLease(CachedFile holder, IDiskFile file)
    {
        _holder = holder;
        File = file;
    }

    /// <summary>The file of the disk itself.</summary>
    public IDiskFile File { get; }

    /// <summary>Lets the file be closed.</summary>
    public void Dispose() => _holder?.Exit();
}
