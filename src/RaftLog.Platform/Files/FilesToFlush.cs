namespace RaftLog.Platform;

/// <summary>
/// The files of one flush of <see cref="DescriptorCache"/>: they keep their descriptors until it has ended. Used again for the next.
/// </summary>
internal sealed class FilesToFlush
{
    private readonly List<FileLease> _leases = [];
    private readonly List<CachedFile> _files = [];
    private readonly List<long> _written = [];
    private readonly List<IDiskFile> _opened = [];

    /// <summary>The disk's own files.</summary>
    public IReadOnlyList<IDiskFile> Opened => _opened;

    /// <summary>Takes the files, and how much was written to each so far; those that are closed are opened.</summary>
    /// <exception cref="DiskException">One cannot be opened; <see cref="Release"/> gives back the others.</exception>
    public void Take(IReadOnlyList<IDiskFile> files)
    {
        for (int i = 0; i < files.Count; i++)
        {
            CachedFile file = (CachedFile)files[i];
            FileLease lease = file.Lease();
            _leases.Add(lease);
            _files.Add(file);
            _opened.Add(lease.File);
            _written.Add(file.Written);
        }
    }

    /// <summary>The flush has succeeded.</summary>
    public void Flushed()
    {
        for (int i = 0; i < _files.Count; i++)
        {
            _files[i].Flushed(_written[i]);
        }
    }

    /// <summary>Gives the files back.</summary>
    public void Release()
    {
        foreach (FileLease lease in _leases)
        {
            lease.Dispose();
        }

        _leases.Clear();
        _files.Clear();
        _written.Clear();
        _opened.Clear();
    }
}
