using RaftLog.Platform;

namespace RaftLog.Storage.Tests;

/// <summary>
/// A disk that stops at a chosen operation: it and all later ones fail. Or one without descriptors for a time. Counts writes, cuts,
/// flushes, renames and removals, as these change what a crash leaves.
/// </summary>
internal sealed class FailingDisk(CrashDisk disk) : IDisk
{
    /// <summary>The operations so far.</summary>
    public int Operations { get; private set; }

    /// <summary>The files whose cached pages were given up, in order.</summary>
    public List<string> Dropped { get; } = [];

    /// <summary>What was read, in order: of which file, from which byte to before which.</summary>
    public List<(string Path, long From, long To)> Reads { get; } = [];

    /// <summary>The operation that fails, counted from 0; never by default.</summary>
    public int FailAt { get; set; } = int.MaxValue;

    /// <summary>How many files the process may open.</summary>
    public long DescriptorLimit { get; init; } = long.MaxValue;

    /// <summary>True while nothing can be opened: no file, and no directory to be flushed.</summary>
    public bool HasNoDescriptors { get; set; }

    /// <summary>True while files can be opened, and no directory can to be flushed.</summary>
    public bool HasNoneForDirectories { get; set; }

    private long _open;

    public IDiskFile OpenOrCreate(string path)
    {
        NeedDescriptor(path, "open");
        bool isNew = !disk.FileExists(path);
        if (isNew)
        {
            Count(path, "open");
        }

        _open++;
        return new File(this, disk.OpenOrCreate(path));
    }

    public IDiskFile? OpenExisting(string path)
    {
        if (disk.FileExists(path))
        {
            NeedDescriptor(path, "open");
        }

        if (disk.OpenExisting(path) is not { } file)
        {
            return null;
        }

        _open++;
        return new File(this, file);
    }

    public void CreateDirectory(string path)
    {
        Count(path, "create");
        disk.CreateDirectory(path);
    }

    public bool FileExists(string path) => disk.FileExists(path);

    public bool DirectoryExists(string path) => disk.DirectoryExists(path);

    public IReadOnlyList<string> ListFiles(string directory) => disk.ListFiles(directory);

    public IReadOnlyList<string> ListDirectories(string directory) => disk.ListDirectories(directory);

    public void Rename(string source, string target)
    {
        Count(source, "rename");
        disk.Rename(source, target);
    }

    public void DeleteFile(string path)
    {
        if (disk.FileExists(path))
        {
            Count(path, "delete");
            disk.DeleteFile(path);
        }
    }

    public void DeleteDirectory(string path)
    {
        Count(path, "delete");
        disk.DeleteDirectory(path);
    }

    public ValueTask FlushAsync(IReadOnlyList<IDiskFile> files)
    {
        Count(files[0].Path, "flush");
        return disk.FlushAsync([.. files.Select(file => ((File)file).Inner)]);
    }

    public ValueTask FlushDirectoryAsync(string directory)
    {
        NeedDescriptor(directory, "flush");
        Count(directory, "flush");
        return disk.FlushDirectoryAsync(directory);
    }

    public IDisposable? TryLock(string path) => disk.TryLock(path);

    public DiskSpace Space(string path) => disk.Space(path);

    private void NeedDescriptor(string path, string operation)
    {
        if (HasNoDescriptors || (HasNoneForDirectories && operation == "flush") || (_open >= DescriptorLimit && operation == "open"))
        {
            throw new DiskException(path, DiskErrorKind.NoDescriptors, operation, "too many open files");
        }
    }

    private void Count(string path, string operation)
    {
        if (Operations++ >= FailAt)
        {
            throw new DiskException(path, DiskErrorKind.Io, operation, "the test stops the disk here");
        }
    }

    private sealed class File(FailingDisk disk, IDiskFile inner) : IDiskFile
    {
        private bool _isClosed;

        public IDiskFile Inner => inner;

        public string Path => inner.Path;

        public long Length => inner.Length;

        public int Read(long position, Span<byte> target)
        {
            int read = inner.Read(position, target);
            disk.Reads.Add((Path, position, position + read));
            return read;
        }

        public void Write(long position, ReadOnlySpan<byte> source)
        {
            disk.Count(Path, "write");
            inner.Write(position, source);
        }

        public void SetLength(long length)
        {
            disk.Count(Path, "cut");
            inner.SetLength(length);
        }

        public void DropCache()
        {
            disk.Dropped.Add(Path);
            inner.DropCache();
        }

        public void Dispose()
        {
            if (!_isClosed)
            {
                _isClosed = true;
                disk._open--;
                inner.Dispose();
            }
        }
    }
}
