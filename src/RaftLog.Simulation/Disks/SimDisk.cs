using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>The disk seam of one incarnation. After its death every operation answers success and changes nothing.</summary>
internal sealed class SimDisk(SimVolume volume, Incarnation owner) : IDisk
{
    private const long Capacity = 1L << 40;

    private int _open;

    public long DescriptorLimit => volume.Profile.Descriptors;

    public IDiskFile OpenOrCreate(string path)
    {
        RequireDescriptor(path);
        if (volume.Find(path) is SimInode existing)
        {
            return Opened(path, existing);
        }

        SimInode file = volume.NewFile();
        if (Begin(TraceKind.Name, path))
        {
            volume.RequireSpace(path, "open");
            volume.RequireChangeable(path, "open");
            (SimDirectory directory, string name) = volume.Place(path, "open");
            if (directory.Current.ContainsKey(name))
            {
                throw new DiskException(path, DiskErrorKind.NotPermitted, "open", "it is a directory");
            }

            directory.Set(name, file);
        }

        return Opened(path, file);
    }

    public IDiskFile? OpenExisting(string path)
    {
        if (volume.Find(path) is not SimInode file)
        {
            return null;
        }

        RequireDescriptor(path);
        return Opened(path, file);
    }

    public void CreateDirectory(string path)
    {
        if (Begin(TraceKind.Name, path))
        {
            if (volume.Find(path) is null)
            {
                volume.RequireSpace(path, "create directory");
                volume.RequireChangeable(path, "create directory");
            }

            volume.MakeDirectories(path);
        }
    }

    public bool FileExists(string path) => volume.Find(path) is SimInode;

    public bool DirectoryExists(string path) => volume.Find(path) is SimDirectory;

    public IReadOnlyList<string> ListFiles(string directory) => volume.Names<SimInode>(directory);

    public IReadOnlyList<string> ListDirectories(string directory) => volume.Names<SimDirectory>(directory);

    public void Rename(string source, string target)
    {
        if (!Begin(TraceKind.Name, target))
        {
            return;
        }

        volume.RequireChangeable(source, "rename");
        (SimDirectory from, string name) = volume.Place(source, "rename");
        (SimDirectory to, string newName) = volume.Place(target, "rename");
        if (!from.Current.TryGetValue(name, out object? entry))
        {
            throw new DiskException(source, DiskErrorKind.NotFound, "rename", $"{SimVolume.Absent} file or directory");
        }

        if (to.Current.TryGetValue(newName, out object? replaced) && replaced is SimDirectory { Current.Count: > 0 })
        {
            throw new DiskException(source, DiskErrorKind.Io, $"rename to {target}", "the target directory is not empty");
        }

        if (entry != replaced)
        {
            SimDirectory.Move(from, name, to, newName, entry);
        }
    }

    public void DeleteFile(string path) => Remove<SimInode>(path);

    public void DeleteDirectory(string path) => Remove<SimDirectory>(path);

    public async ValueTask FlushAsync(IReadOnlyList<IDiskFile> files)
    {
        if (owner.IsAlive && files.Count > 0 && volume.TryFailFlush([.. files.Select(each => ((SimFile)each).Inode)]))
        {
            volume.Scheduler.Say($"{owner.Name}: a flush of {files[0].Path} fails");
            await Flush(files.Count, static () => { });
            throw new DiskException(files[0].Path, DiskErrorKind.Io, "flush", "the medium reported an error");
        }

        List<(SimInode File, long UpTo)> covered = [];
        for (int i = 0; i < files.Count; i++)
        {
            SimInode inode = ((SimFile)files[i]).Inode;
            if (volume.Profile.LiesAbout is not { } path || !files[i].Path.Contains(path, StringComparison.Ordinal))
            {
                covered.Add((inode, inode.Operations));
            }
        }

        int crashes = volume.Crashes;
        await Flush(
            files.Count,
            () =>
            {
                if (crashes == volume.Crashes)
                {
                    covered.ForEach(each => each.File.MakeDurable(each.UpTo));
                }
            }
        );
    }

    public async ValueTask FlushDirectoryAsync(string directory)
    {
        SimDirectory flushed =
            volume.Find(directory) as SimDirectory
            ?? throw new DiskException(directory, DiskErrorKind.NotFound, "flush", $"{SimVolume.Absent} directory");
        long changes = flushed.Changes;
        int crashes = volume.Crashes;
        await Flush(
            1,
            () =>
            {
                if (crashes == volume.Crashes)
                {
                    flushed.MakeDurable(changes);
                }
            }
        );
    }

    public IDisposable? TryLock(string path)
    {
        OpenOrCreate(path).Dispose();
        return volume.TryLock(path, owner) ? new HeldLock(volume, owner, path) : null;
    }

    public DiskSpace Space(string path) => new(Capacity, Capacity);

    internal bool Begin(TraceKind kind, string path)
    {
        volume.BeforeOperation();
        if (owner.IsAlive)
        {
            volume.Scheduler.Trace.Note(kind, volume.Scheduler.Now, volume.Number, path.Length);
        }

        return owner.IsAlive;
    }

    /// <summary>A file of it was closed.</summary>
    internal void Closed() => _open--;

    private SimFile Opened(string path, SimInode file)
    {
        _open++;
        return new SimFile(volume, this, owner, path, file);
    }

    private void RequireDescriptor(string path)
    {
        if (owner.IsAlive)
        {
            volume.RequireDescriptor(path, _open);
        }
    }

    private Task Flush(int size, Action takeEffect)
    {
        volume.BeforeOperation();
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        if (owner.IsAlive)
        {
            volume.Scheduler.Trace.Note(TraceKind.FlushBegun, volume.Scheduler.Now, volume.Number, size);
            volume.BeginFlush(() =>
            {
                volume.Scheduler.Trace.Note(TraceKind.Flushed, volume.Scheduler.Now, volume.Number, size);
                takeEffect();
                done.SetResult();
            });
        }

        return done.Task;
    }

    private void Remove<T>(string path)
    {
        if (volume.Find(path) is T && Begin(TraceKind.Name, path))
        {
            volume.RequireChangeable(path, "delete");
            (SimDirectory directory, string name) = volume.Place(path, "delete");
            directory.Set(name, null);
        }
    }

    private sealed class HeldLock(SimVolume volume, Incarnation owner, string path) : IDisposable
    {
        public void Dispose()
        {
            if (owner.IsAlive)
            {
                volume.Unlock(path);
            }
        }
    }
}
