using System.Runtime.CompilerServices;
using RaftLog.Platform.Waiting;

namespace RaftLog.Platform;

/// <summary>
/// A disk whose open files need not all have a descriptor: those that were not used of late are closed, and opened again when they are
/// used. It keeps at most half of what the process may open, the rest is for connections; when the system has none left, it gives up half
/// of its own and tries again, and a flush waits then until there is one. A file with bytes that no
/// flush covers is never closed, and one whose name goes keeps its descriptor until it is disposed.
/// </summary>
public sealed class DescriptorCache : IDisk
{
    /// <summary>
    /// More would not make it faster: opening a file again costs some ten microseconds, and each open one holds memory of the kernel.
    /// </summary>
    private const int MostFiles = 4096;

    /// <summary>What a node needs at least.</summary>
    private const int LeastFiles = 16;

    private readonly IDisk _disk;
    private readonly bool _keepsFilesOpen;
    private readonly OpenFiles _open;
    private readonly NamedFiles _named;
    private readonly DescriptorShortage? _shortage;

    /// <summary>Those of the flush that ended last; a flush beside another makes its own.</summary>
    private FilesToFlush? _spare;

    /// <summary>A cache in front of a disk, sized from what the process may open.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="shortage">Waits while there is no descriptor; null where nothing waits.</param>
    public DescriptorCache(IDisk disk, DescriptorShortage? shortage = null)
        : this(disk, CapacityFor(disk.DescriptorLimit), shortage) { }

    internal DescriptorCache(IDisk disk, int capacity, DescriptorShortage? shortage = null)
        : this(disk, new OpenFiles(capacity), new NamedFiles(), shortage, keepsFilesOpen: false) { }

    private DescriptorCache(IDisk disk, OpenFiles open, NamedFiles named, DescriptorShortage? shortage, bool keepsFilesOpen)
    {
        _disk = disk;
        _shortage = shortage;
        _keepsFilesOpen = keepsFilesOpen;
        _open = open;
        _named = named;
    }

    /// <inheritdoc />
    public long DescriptorLimit => _disk.DescriptorLimit;

    /// <summary>How many files have a descriptor now.</summary>
    internal int OpenCount => _open.Count;

    /// <summary>How many files are kept open where the process may open so many.</summary>
    public static int CapacityFor(long limit) => (int)Math.Clamp(limit / 2, LeastFiles, MostFiles);

    /// <inheritdoc />
    public IDiskFile OpenOrCreate(string path) => Open(path, static (disk, at) => disk.OpenOrCreate(at))!;

    /// <inheritdoc />
    public IDiskFile? OpenExisting(string path) => Open(path, static (disk, at) => disk.OpenExisting(at));

    /// <inheritdoc />
    public void CreateDirectory(string path) => _disk.CreateDirectory(path);

    /// <inheritdoc />
    public bool FileExists(string path) => _disk.FileExists(path);

    /// <inheritdoc />
    public bool DirectoryExists(string path) => _disk.DirectoryExists(path);

    /// <inheritdoc />
    public IReadOnlyList<string> ListFiles(string directory) => WithRoom(() => _disk.ListFiles(directory));

    /// <inheritdoc />
    public IReadOnlyList<string> ListDirectories(string directory) => WithRoom(() => _disk.ListDirectories(directory));

    /// <inheritdoc />
    public void Rename(string source, string target)
    {
        if (_named.Find(source) is { } directory)
        {
            Within(
                directory,
                () =>
                {
                    _disk.Rename(source, target);
                    _named.Move(directory, target);
                }
            );
            return;
        }

        (string from, string name) = Split(source);
        (string to, string newName) = Split(target);
        bool isWithin = from == to;
        if (!isWithin)
        {
            KeepWithoutName(to, newName);
        }

        if (_named.Find(from) is not { } folder)
        {
            _disk.Rename(source, target);
            return;
        }

        Within(
            folder,
            () =>
            {
                KeepWithoutName(folder, isWithin ? newName : name);
                _disk.Rename(source, target);
                foreach (CachedFile file in folder.Files)
                {
                    file.Name = file.Name == name ? newName : file.Name;
                }
            }
        );
    }

    /// <inheritdoc />
    public void DeleteFile(string path)
    {
        (string directory, string name) = Split(path);
        KeepWithoutName(directory, name);
        _disk.DeleteFile(path);
    }

    /// <inheritdoc />
    public void DeleteDirectory(string path)
    {
        KeepWithoutName(path, name: null);
        WithRoom(() =>
        {
            _disk.DeleteDirectory(path);
            return true;
        });
    }

    /// <inheritdoc />
    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder))]
    public async ValueTask FlushAsync(IReadOnlyList<IDiskFile> files)
    {
        FilesToFlush taken = Interlocked.Exchange(ref _spare, null) ?? new FilesToFlush();
        try
        {
            while (TryTake(taken, files) is { } refused)
            {
                taken.Release();
                if (!await WaitForDescriptorAsync(refused))
                {
                    throw refused;
                }
            }

            await _disk.FlushAsync(taken.Opened);
            taken.Flushed();
        }
        finally
        {
            taken.Release();
            Volatile.Write(ref _spare, taken);
        }

        _open.MakeRoom(0);
    }

    /// <inheritdoc />
    public ValueTask FlushDirectoryAsync(string directory) => WithRoomAsync(() => _disk.FlushDirectoryAsync(directory));

    /// <inheritdoc />
    public async ValueTask FlushTreesAsync(string parent, IReadOnlyList<string> directories)
    {
        List<(CachedFile File, long Written)> covered = [];
        foreach (string directory in directories)
        {
            if (_named.Find(directory) is { } folder)
            {
                Within(
                    folder,
                    () =>
                    {
                        foreach (CachedFile file in folder.Files)
                        {
                            covered.Add((file, file.Written));
                        }
                    }
                );
            }
        }

        await WithRoomAsync(() => _disk.FlushTreesAsync(parent, directories));
        foreach ((CachedFile file, long written) in covered)
        {
            file.Flushed(written);
            _open.MakeRoom(0);
        }
    }

    /// <inheritdoc />
    public IDisk WithOwnFlushes(bool keepsFilesOpen) =>
        new DescriptorCache(_disk.WithOwnFlushes(keepsFilesOpen), _open, _named, _shortage, keepsFilesOpen);

    /// <inheritdoc />
    public ValueTask<bool> WaitForDescriptorAsync(DiskException refused) => _shortage?.WaitAsync(refused) ?? ValueTask.FromResult(false);

    /// <inheritdoc />
    public async ValueTask WaitForRoomAsync(string path, int files)
    {
        while (TryOpenAtOnce(path, files) is { } refused)
        {
            if (!await WaitForDescriptorAsync(refused))
            {
                throw refused;
            }
        }
    }

    /// <inheritdoc />
    public IDisposable? TryLock(string path) => WithRoom(() => _disk.TryLock(path));

    /// <inheritdoc />
    public DiskSpace Space(string path) => WithRoom(() => _disk.Space(path));

    /// <summary>Gives a descriptor to a file that may have none.</summary>
    internal void Open(CachedFile file)
    {
        _open.MakeRoom(1);
        WithRoom(() =>
        {
            lock (file.Folder.Gate)
            {
                if (file.Open(_disk))
                {
                    _open.Add(file);
                }
            }

            return true;
        });
    }

    /// <summary>A file is used no more.</summary>
    internal void Forget(CachedFile file)
    {
        lock (file.Folder.Gate)
        {
            file.Folder.Remove(file);
        }

        _named.Release(file.Folder);
    }

    /// <summary>A file has given up its descriptor for good.</summary>
    internal void Closed(CachedFile file) => _open.Remove(file);

    private static (string Directory, string Name) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return (path[..Math.Max(0, slash)], path[(slash + 1)..]);
    }

    private CachedFile? Open(string path, Func<IDisk, string, IDiskFile?> open)
    {
        (string directory, string name) = Split(path);
        _open.MakeRoom(1);
        NamedFiles.Folder folder = _named.Take(directory);
        CachedFile? opened = null;
        try
        {
            WithRoom(() =>
            {
                lock (folder.Gate)
                {
                    if (open(_disk, path) is { } file)
                    {
                        opened = new CachedFile(this, folder, name) { StaysOpen = _keepsFilesOpen };
                        opened.Begin(file);
                        folder.Add(opened);
                        _open.Add(opened);
                    }
                }

                return true;
            });
            return opened;
        }
        finally
        {
            if (opened is null)
            {
                _named.Release(folder);
            }
        }
    }

    private void KeepWithoutName(string directory, string? name)
    {
        if (_named.Find(directory) is { } folder)
        {
            Within(folder, () => KeepWithoutName(folder, name));
        }
    }

    /// <summary>Files of a name, or all, are about to lose it: who has them open reads them to their end.</summary>
    private void KeepWithoutName(NamedFiles.Folder folder, string? name)
    {
        foreach (CachedFile file in folder.Files)
        {
            if ((name is null || file.Name == name) && file.KeepWithoutName(_disk))
            {
                _open.Add(file);
            }
        }
    }

    /// <summary>Changes something in a folder that was found before.</summary>
    private void Within(NamedFiles.Folder folder, Action change)
    {
        try
        {
            WithRoom(() =>
            {
                lock (folder.Gate)
                {
                    change();
                }

                return true;
            });
        }
        finally
        {
            _named.Release(folder);
        }
    }

    private T WithRoom<T>(Func<T> use)
    {
        while (true)
        {
            try
            {
                return use();
            }
            catch (DiskException failure) when (failure.Kind == DiskErrorKind.NoDescriptors && _open.GiveUpHalf())
            {
                // It is tried again until there is nothing left to close.
            }
        }
    }

    /// <summary>The same for flushes, which may wait: one that found no descriptor has not begun.</summary>
    private async ValueTask WithRoomAsync(Func<ValueTask> use)
    {
        while (true)
        {
            DiskException refused;
            try
            {
                await use();
                return;
            }
            catch (DiskException failure) when (failure.Kind == DiskErrorKind.NoDescriptors)
            {
                refused = failure;
            }

            if (!_open.GiveUpHalf() && !await WaitForDescriptorAsync(refused))
            {
                throw refused;
            }
        }
    }

    private DiskException? TryOpenAtOnce(string path, int files)
    {
        List<IDiskFile> opened = [];
        try
        {
            while (opened.Count < files && WithRoom(() => _disk.OpenExisting(path)) is { } file)
            {
                opened.Add(file);
            }

            return null;
        }
        catch (DiskException failure) when (failure.Kind == DiskErrorKind.NoDescriptors)
        {
            return failure;
        }
        finally
        {
            opened.ForEach(static file => file.Dispose());
        }
    }

    private static DiskException? TryTake(FilesToFlush taken, IReadOnlyList<IDiskFile> files)
    {
        try
        {
            taken.Take(files);
            return null;
        }
        catch (DiskException failure) when (failure.Kind == DiskErrorKind.NoDescriptors)
        {
            return failure;
        }
    }
}
