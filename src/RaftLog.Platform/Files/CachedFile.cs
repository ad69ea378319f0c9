namespace RaftLog.Platform;

/// <summary>
/// A file of <see cref="DescriptorCache"/>: to its owner it is open until disposed; a descriptor it has while it is used, and afterwards
/// until another file needs it more. It follows its name when that is changed through the cache, and keeps its descriptor for good when the
/// name goes.
/// </summary>
internal sealed class CachedFile : IDiskFile
{
    private const int Closed = -1;

    private readonly DescriptorCache _cache;
    private volatile IDiskFile? _file;

    /// <summary>
    /// How many use the descriptor now, or <see cref="Closed"/>. Leaves <see cref="Closed"/> only under the folder's lock.
    /// </summary>
    private int _leases = Closed;

    /// <summary>Counts what was written; <see cref="_flushed"/> is its value that is known to be on the disk.</summary>
    private long _written;
    private long _flushed;
    private volatile bool _isDisposed;

    internal CachedFile(DescriptorCache cache, NamedFiles.Folder folder, string name)
    {
        _cache = cache;
        Folder = folder;
        Name = name;
        Place = new LinkedListNode<CachedFile>(this);
    }

    public string Path => $"{Folder.Path}/{Name}";

    public long Length
    {
        get
        {
            using FileLease lease = Lease();
            return lease.File.Length;
        }
    }

    /// <summary>The directory that it lies in.</summary>
    internal NamedFiles.Folder Folder { get; }

    /// <summary>Its name there; changed under the folder's lock.</summary>
    internal string Name { get; set; }

    /// <summary>
    /// True when its owner cannot do without, or no name leads to it any more, so that it could not be opened again. Changed under the
    /// folder's lock.
    /// </summary>
    internal bool StaysOpen { get; set; }

    /// <summary>Its place among the open files.</summary>
    internal LinkedListNode<CachedFile> Place { get; }

    /// <summary>True when it was used since the cache last looked.</summary>
    internal bool IsInUse { get; set; }

    /// <summary>
    /// How much was written so far, to be given to <see cref="Flushed"/> once a flush that begins after this has succeeded.
    /// </summary>
    internal long Written => Volatile.Read(ref _written);

    public int Read(long position, Span<byte> target)
    {
        using FileLease lease = Lease();
        return lease.File.Read(position, target);
    }

    public void Write(long position, ReadOnlySpan<byte> source)
    {
        using FileLease lease = Lease();
        Interlocked.Increment(ref _written);
        lease.File.Write(position, source);
    }

    public void SetLength(long length)
    {
        using FileLease lease = Lease();
        Interlocked.Increment(ref _written);
        lease.File.SetLength(length);
    }

    public void Reserve(long bytes)
    {
        using FileLease lease = Lease();
        lease.File.Reserve(bytes);
    }

    public void DropCache()
    {
        using FileLease lease = Lease();
        lease.File.DropCache();
    }

    public FileLease Lease()
    {
        bool isFirstUse = false;
        while (true)
        {
            int leases = Volatile.Read(ref _leases);
            if (leases == Closed || _isDisposed)
            {
                _cache.Open(this);
                isFirstUse = true;
            }
            else if (Interlocked.CompareExchange(ref _leases, leases + 1, leases) == leases)
            {
                // What is used once goes before what is used again.
                if (!isFirstUse && !IsInUse)
                {
                    IsInUse = true;
                }

                return new FileLease(this, _file!);
            }
        }
    }

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _cache.Forget(this);
        Exit(0);
    }

    /// <summary>Ends a lease.</summary>
    internal void Exit() => Exit(Interlocked.Decrement(ref _leases));

    /// <summary>A flush that began after this much was written has succeeded.</summary>
    internal void Flushed(long written)
    {
        long before = Volatile.Read(ref _flushed);
        while (before < written)
        {
            long seen = Interlocked.CompareExchange(ref _flushed, written, before);
            if (seen == before)
            {
                return;
            }

            before = seen;
        }
    }

    /// <summary>Opens the file where it is closed; true when it was. Under the folder's lock.</summary>
    /// <exception cref="DiskException">It is disposed, or the disk refuses.</exception>
    internal bool Open(IDisk disk)
    {
        if (_isDisposed)
        {
            throw new DiskException(Path, DiskErrorKind.NotFound, "open", "the file is closed");
        }

        if (Volatile.Read(ref _leases) != Closed)
        {
            return false;
        }

        Begin(
            disk.OpenExisting(Path)
                ?? throw new DiskException(
                    Path,
                    DiskErrorKind.NotFound,
                    "open",
                    "it was closed to save a descriptor, and is gone; nobody but this process may change the directory"
                )
        );
        return true;
    }

    /// <summary>Takes a file that was just opened.</summary>
    internal void Begin(IDiskFile file)
    {
        _file = file;
        Volatile.Write(ref _leases, 0);
    }

    /// <summary>Its name is about to go. Under the folder's lock.</summary>
    /// <exception cref="DiskException">It cannot be opened, so whoever reads it would lose it.</exception>
    internal bool KeepWithoutName(IDisk disk)
    {
        bool opened = Open(disk);
        StaysOpen = true;
        return opened;
    }

    /// <summary>
    /// Closes the file if it can be opened again as it is: nobody uses it, it may be closed, and a flush that succeeded covers all that was
    /// written. An error of a write that the kernel did later is told to who has the file open then, and the next flush must be told of it.
    /// Under the folder's lock.
    /// </summary>
    internal bool TryClose()
    {
        if (StaysOpen || Interlocked.CompareExchange(ref _leases, Closed, 0) != 0)
        {
            return false;
        }

        if (Volatile.Read(ref _flushed) != Volatile.Read(ref _written))
        {
            Volatile.Write(ref _leases, 0);
            Exit(0);
            return false;
        }

        CloseFile();
        return true;
    }

    private void Exit(int left)
    {
        // Who disposes the file and who ends its last use may meet here: one of them closes it.
        if (left == 0 && _isDisposed && Interlocked.CompareExchange(ref _leases, Closed, 0) == 0)
        {
            CloseFile();
            _cache.Closed(this);
        }
    }

    private void CloseFile()
    {
        _file!.Dispose();
        _file = null;
    }
}
