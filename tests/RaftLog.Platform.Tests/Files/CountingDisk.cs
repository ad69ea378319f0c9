namespace RaftLog.Platform.Tests.Files;

/// <summary>
/// A disk in memory that counts its open files, has so many descriptors and no more, and knows which file was closed before its bytes were
/// flushed.
/// </summary>
internal sealed class CountingDisk : IDisk
{
    private readonly InMemoryDisk _disk = new();
    private int _open;

    /// <summary>How many files may be open.</summary>
    public int Limit { get; set; } = int.MaxValue;

    /// <summary>How many are.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>How often a file was opened.</summary>
    public int Opened { get; private set; }

    /// <summary>Files that were closed while bytes of them were not flushed.</summary>
    public List<string> ClosedDirty { get; } = [];

    /// <summary>Holds flushes until it ends; null for none.</summary>
    public Task? Hold { get; set; }

    /// <summary>What flushes fail with.</summary>
    public DiskErrorKind? FlushFault { get; set; }

    public IDiskFile OpenOrCreate(string path) => Count(path, () => _disk.OpenOrCreate(path))!;

    public IDiskFile? OpenExisting(string path) => Count(path, () => _disk.OpenExisting(path));

    public void CreateDirectory(string path) => _disk.CreateDirectory(path);

    public bool FileExists(string path) => _disk.FileExists(path);

    public bool DirectoryExists(string path) => _disk.DirectoryExists(path);

    public IReadOnlyList<string> ListFiles(string directory) => _disk.ListFiles(directory);

    public IReadOnlyList<string> ListDirectories(string directory) => _disk.ListDirectories(directory);

    public void Rename(string source, string target) => _disk.Rename(source, target);

    public void DeleteFile(string path) => _disk.DeleteFile(path);

    public void DeleteDirectory(string path) => _disk.DeleteDirectory(path);

    public async ValueTask FlushAsync(IReadOnlyList<IDiskFile> files)
    {
        (CountedFile File, long Written)[] covered = [.. files.Select(static each => ((CountedFile)each, ((CountedFile)each).Written))];
        if (Hold is { } hold)
        {
            await hold;
        }

        if (FlushFault is { } kind)
        {
            throw new DiskException(files[0].Path, kind, "flush", "told to");
        }

        foreach ((CountedFile file, long written) in covered)
        {
            file.Flushed = Math.Max(file.Flushed, written);
        }
    }

    public ValueTask FlushDirectoryAsync(string directory) => _disk.FlushDirectoryAsync(directory);

    public IDisposable? TryLock(string path) => _disk.TryLock(path);

    public DiskSpace Space(string path) => _disk.Space(path);

    private CountedFile? Count(string path, Func<IDiskFile?> open)
    {
        if (Interlocked.Increment(ref _open) > Limit)
        {
            Interlocked.Decrement(ref _open);
            throw new DiskException(path, DiskErrorKind.NoDescriptors, "open", "too many open files");
        }

        Opened++;
        if (open() is { } file)
        {
            return new CountedFile(this, file);
        }

        Interlocked.Decrement(ref _open);
        return null;
    }

    private sealed class CountedFile(CountingDisk disk, IDiskFile file) : IDiskFile
    {
        private int _closed;

        public string Path => file.Path;

        public long Length => file.Length;

        public long Written { get; private set; }

        public long Flushed { get; set; }

        public int Read(long position, Span<byte> target) => file.Read(position, target);

        public void Write(long position, ReadOnlySpan<byte> source)
        {
            Written++;
            file.Write(position, source);
        }

        public void SetLength(long length)
        {
            Written++;
            file.SetLength(length);
        }

        public void DropCache() => file.DropCache();

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _closed, 1) == 0)
            {
                Interlocked.Decrement(ref disk._open);
                if (Written != Flushed)
                {
                    lock (disk.ClosedDirty)
                    {
                        disk.ClosedDirty.Add(Path);
                    }
                }

                file.Dispose();
            }
        }
    }
}
