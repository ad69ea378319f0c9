namespace RaftLog.Platform;

/// <summary>
/// A disk in memory, for tests and <c>--in-memory</c>. Everything on it survives until it is dropped; flushing completes at
/// once. <see cref="Fault"/> lets a test refuse any operation, and <see cref="Copy"/> shows what a loss of power leaves.
/// </summary>
/// <param name="capacityBytes">The bytes that its files may hold together; more is refused as <see cref="DiskErrorKind.NoSpace"/>.</param>
/// <param name="notesFlushes">True to note what is flushed, for <see cref="Copy"/>.</param>
public sealed class InMemoryDisk(long capacityBytes = long.MaxValue, bool notesFlushes = false) : IDisk
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, InMemoryContent> _files = new(StringComparer.Ordinal);
    private readonly SortedSet<string> _directories = new(StringComparer.Ordinal) { "/" };
    private readonly HashSet<string> _locked = new(StringComparer.Ordinal);
    private long _usedBytes;
    private long _open;

    /// <summary>
    /// Asked before each operation, with its name (open, read, write, truncate, flush, rename, delete, list, create directory) and its
    /// path: what it returns is thrown as <see cref="DiskException"/>; null lets the operation go on.
    /// </summary>
    public Func<string, string, DiskErrorKind?>? Fault { get; set; }

    /// <summary>How many files may be open at once; more are refused as <see cref="DiskErrorKind.NoDescriptors"/>.</summary>
    public long DescriptorLimit { get; set; } = long.MaxValue;

    /// <summary>What else lies on the disk, in bytes: it has so much less room for the files here.</summary>
    public long OtherBytes { get; set; }

    /// <inheritdoc/>
    public IDiskFile OpenOrCreate(string path)
    {
        Ask("open", path);
        path = Clean(path);
        lock (_lock)
        {
            RequireDescriptor(path);
            if (!_files.TryGetValue(path, out InMemoryContent? content))
            {
                RequireDirectory("open", Parent(path));
                if (_directories.Contains(path))
                {
                    throw new DiskException(path, DiskErrorKind.NotPermitted, "open", "it is a directory");
                }

                content = new InMemoryContent(notesFlushes ? new UnflushedWrites() : null);
                _files.Add(path, content);
            }

            return Opened(path, content);
        }
    }

    /// <inheritdoc/>
    public IDiskFile? OpenExisting(string path)
    {
        Ask("open", path);
        path = Clean(path);
        lock (_lock)
        {
            RequireDescriptor(path);
            return _files.TryGetValue(path, out InMemoryContent? content) ? Opened(path, content) : null;
        }
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        Ask("create directory", path);
        path = Clean(path);
        lock (_lock)
        {
            for (string directory = path; _directories.Add(directory); directory = Parent(directory))
            {
                if (_files.ContainsKey(directory))
                {
                    _directories.Remove(directory);
                    throw new DiskException(directory, DiskErrorKind.Io, "create directory", "a file has this name");
                }
            }
        }
    }

    /// <inheritdoc/>
    public bool FileExists(string path)
    {
        lock (_lock)
        {
            return _files.ContainsKey(Clean(path));
        }
    }

    /// <inheritdoc/>
    public bool DirectoryExists(string path)
    {
        lock (_lock)
        {
            return _directories.Contains(Clean(path));
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ListFiles(string directory)
    {
        Ask("list", directory);
        lock (_lock)
        {
            return Children(_files.Keys, Clean(directory));
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> ListDirectories(string directory)
    {
        Ask("list", directory);
        lock (_lock)
        {
            return Children(_directories, Clean(directory));
        }
    }

    /// <inheritdoc/>
    public void Rename(string source, string target)
    {
        Ask("rename", source);
        source = Clean(source);
        target = Clean(target);
        lock (_lock)
        {
            RequireDirectory("rename", Parent(target));
            if (source == target)
            {
                return;
            }

            if (_files.Remove(source, out InMemoryContent? content))
            {
                Forget(target);
                _files.Add(target, content);
                return;
            }

            RequireDirectory("rename", source);
            if (Under(_files.Keys, target).Count > 0 || Under(_directories, target).Count > 0)
            {
                throw new DiskException(source, DiskErrorKind.Io, $"rename to {target}", "the target directory is not empty");
            }

            foreach (string path in Under(_files.Keys, source))
            {
                _files.Remove(path, out InMemoryContent? moved);
                _files.Add(target + path[source.Length..], moved!);
            }

            foreach (string path in Under(_directories, source))
            {
                _directories.Remove(path);
                _directories.Add(target + path[source.Length..]);
            }

            _directories.Remove(source);
            _directories.Add(target);
        }
    }

    /// <inheritdoc/>
    public void DeleteFile(string path)
    {
        Ask("delete", path);
        lock (_lock)
        {
            Forget(Clean(path));
        }
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string path)
    {
        Ask("delete", path);
        path = Clean(path);
        lock (_lock)
        {
            foreach (string file in Under(_files.Keys, path))
            {
                Forget(file);
            }

            foreach (string directory in Under(_directories, path))
            {
                _directories.Remove(directory);
            }

            _directories.Remove(path);
        }
    }

    /// <inheritdoc/>
    public ValueTask FlushAsync(IReadOnlyList<IDiskFile> files)
    {
        try
        {
            foreach (IDiskFile file in files)
            {
                Ask("flush", file.Path);
                (file as InMemoryFile)?.Flush();
            }

            return ValueTask.CompletedTask;
        }
        catch (DiskException e)
        {
            return ValueTask.FromException(e);
        }
    }

    /// <inheritdoc/>
    public ValueTask FlushDirectoryAsync(string directory)
    {
        try
        {
            Ask("flush", directory);
            lock (_lock)
            {
                RequireDirectory("flush", Clean(directory));
            }

            return ValueTask.CompletedTask;
        }
        catch (DiskException e)
        {
            return ValueTask.FromException(e);
        }
    }

    /// <inheritdoc/>
    public IDisposable? TryLock(string path)
    {
        OpenOrCreate(path).Dispose();
        path = Clean(path);
        lock (_lock)
        {
            return _locked.Add(path) ? new HeldLock(this, path) : null;
        }
    }

    /// <inheritdoc/>
    public DiskSpace Space(string path)
    {
        lock (_lock)
        {
            return new DiskSpace(capacityBytes, FreeBytes);
        }
    }

    /// <summary>
    /// Another disk with what is on this one now, or with what a loss of power leaves of it: of each file the bytes that were flushed.
    /// Names survive whether their directory was flushed or not.
    /// </summary>
    /// <param name="flushedOnly">True to leave out what was not flushed; the disk must note flushes.</param>
    public InMemoryDisk Copy(bool flushedOnly)
    {
        if (flushedOnly && !notesFlushes)
        {
            throw new InvalidOperationException("the disk does not note what is flushed");
        }

        InMemoryDisk copy = new(capacityBytes, notesFlushes);
        lock (_lock)
        {
            foreach (string directory in _directories)
            {
                copy._directories.Add(directory);
            }

            foreach ((string path, InMemoryContent content) in _files)
            {
                InMemoryContent copied = content.Copy(flushedOnly);
                copy._files.Add(path, copied);
                copy._usedBytes += copied.Length;
            }
        }

        return copy;
    }

    internal void Ask(string operation, string path)
    {
        if (Fault?.Invoke(operation, path) is { } kind)
        {
            throw new DiskException(path, kind, operation, "injected");
        }
    }

    /// <summary>Counts a file's growth (or shrinking, when negative) against the capacity.</summary>
    internal void Charge(string path, long bytes)
    {
        lock (_lock)
        {
            if (bytes > FreeBytes)
            {
                throw new DiskException(path, DiskErrorKind.NoSpace, "write", "the disk in memory is full");
            }

            _usedBytes += bytes;
        }
    }

    private long FreeBytes => capacityBytes - OtherBytes - _usedBytes;

    private static string Clean(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private static string Parent(string path) => Path.GetDirectoryName(path) ?? "/";

    private static List<string> Under(IEnumerable<string> paths, string directory)
    {
        List<string> found = [];
        string prefix = directory + "/";
        foreach (string path in paths)
        {
            if (path.StartsWith(prefix, StringComparison.Ordinal))
            {
                found.Add(path);
            }
        }

        return found;
    }

    private static List<string> Children(IEnumerable<string> paths, string directory)
    {
        List<string> names = [];
        foreach (string path in paths)
        {
            if (path != directory && Parent(path) == directory)
            {
                names.Add(Path.GetFileName(path));
            }
        }

        return names;
    }

    private void Forget(string path)
    {
        if (_files.Remove(path, out InMemoryContent? content))
        {
            _usedBytes -= content.Length;
        }
    }

    private void RequireDirectory(string operation, string directory)
    {
        if (!_directories.Contains(directory))
        {
            throw new DiskException(directory, DiskErrorKind.NotFound, operation, "there is no such file or directory");
        }
    }

    private sealed class HeldLock(InMemoryDisk disk, string path) : IDisposable
    {
        private bool _released;

        public void Dispose()
        {
            lock (disk._lock)
            {
                if (!_released)
                {
                    _released = true;
                    disk._locked.Remove(path);
                }
            }
        }
    }

    /// <summary>An open file was closed.</summary>
    internal void Closed()
    {
        lock (_lock)
        {
            _open--;
        }
    }

    private InMemoryFile Opened(string path, InMemoryContent content)
    {
        _open++;
        return new InMemoryFile(this, path, content);
    }

    private void RequireDescriptor(string path)
    {
        if (_open >= DescriptorLimit)
        {
            throw new DiskException(path, DiskErrorKind.NoDescriptors, "open", $"{_open} files are open");
        }
    }
}
