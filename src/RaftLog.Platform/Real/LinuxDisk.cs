using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;

namespace RaftLog.Platform;

/// <summary>
/// The real disk. Flushing is <c>fdatasync</c> and <c>fsync</c> of the C library on threads of its own; an error is reported and never
/// tried again, because the kernel forgets it and may drop the pages (ARCHITECTURE D6). Made for Linux; it runs on the other systems of
/// .NET too.
/// </summary>
public sealed class LinuxDisk : IDisk
{
    /// <summary>
    /// From here on the whole file system is flushed at once; below, what others have written there would cost more than it saves.
    /// </summary>
    private const int ManyDirectories = 4;

    private readonly FlushThreads _flushThreads = new();
    private readonly ConcurrentDictionary<string, SafeFileHandle> _fileSystems = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public IDiskFile OpenOrCreate(string path) => Guard(path, "open", () => Open(path, FileMode.OpenOrCreate));

    /// <inheritdoc/>
    public IDiskFile? OpenExisting(string path) => Guard(path, "open", () => File.Exists(path) ? Open(path, FileMode.Open) : null);

    /// <inheritdoc/>
    public void CreateDirectory(string path) => Guard(path, "create directory", () => Directory.CreateDirectory(path));

    /// <inheritdoc/>
    public bool FileExists(string path) => File.Exists(path);

    /// <inheritdoc/>
    public bool DirectoryExists(string path) => Directory.Exists(path);

    /// <inheritdoc/>
    public IReadOnlyList<string> ListFiles(string directory) => Guard(directory, "list", () => Names(directory, Directory.EnumerateFiles));

    /// <inheritdoc/>
    public IReadOnlyList<string> ListDirectories(string directory) =>
        Guard(directory, "list", () => Names(directory, Directory.EnumerateDirectories));

    /// <inheritdoc/>
    public void Rename(string source, string target)
    {
        if (OperatingSystem.IsWindows())
        {
            Guard(source, "rename", () => MoveOnWindows(source, target));
            return;
        }

        int error = Native.Rename(source, target);
        if (error != 0)
        {
            throw DiskErrors.From(source, $"rename to {target}", error);
        }
    }

    /// <inheritdoc/>
    public void DeleteFile(string path) =>
        Guard(
            path,
            "delete",
            () =>
            {
                if (File.Exists(path))
                {
                    File.Delete(path);
                }

                return true;
            }
        );

    /// <inheritdoc/>
    public void DeleteDirectory(string path) =>
        Guard(
            path,
            "delete",
            () =>
            {
                if (Directory.Exists(path))
                {
                    Directory.Delete(path, recursive: true);
                }

                return true;
            }
        );

    /// <inheritdoc/>
    public ValueTask FlushAsync(IReadOnlyList<IDiskFile> files) =>
        files.Count == 0 ? ValueTask.CompletedTask : _flushThreads.NextJob().StartFiles(files);

    /// <inheritdoc/>
    public ValueTask FlushDirectoryAsync(string directory) => _flushThreads.NextJob().StartDirectory(directory);

    /// <inheritdoc/>
    public async ValueTask FlushTreesAsync(string parent, IReadOnlyList<string> directories)
    {
        if (!OperatingSystem.IsLinux())
        {
            await DirectoryTrees.FlushEachAsync(this, parent, directories);
            return;
        }

        // Opened before the flush that it is first used for, and then kept: a handle reports each error of the file system once, also one
        // that somebody else's flush has met in between.
        if (!_fileSystems.TryGetValue(parent, out SafeFileHandle? fileSystem))
        {
            int error = Native.OpenDirectory(parent, out SafeFileHandle opened);
            if (error != 0)
            {
                throw DiskErrors.From(parent, "flush", error);
            }

            fileSystem = _fileSystems.GetOrAdd(parent, opened);
        }

        if (directories.Count >= ManyDirectories)
        {
            await _flushThreads.NextJob().StartFileSystem(parent, fileSystem);
        }
        else
        {
            await DirectoryTrees.FlushEachAsync(this, parent, directories);
        }
    }

    /// <inheritdoc/>
    public IDisk WithOwnFlushes(bool keepsFilesOpen) => new LinuxDisk();

    /// <inheritdoc/>
    public long DescriptorLimit => Native.DescriptorLimit() ?? long.MaxValue;

    /// <inheritdoc/>
    public IDisposable? TryLock(string path) => FileLock.TryTake(path);

    /// <inheritdoc/>
    public DiskSpace Space(string path) =>
        Guard(
            path,
            "stat",
            () =>
            {
                DriveInfo drive = new(path);
                return new DiskSpace(drive.TotalSize, drive.AvailableFreeSpace);
            }
        );

    private static LinuxDiskFile Open(string path, FileMode mode)
    {
        SafeFileHandle handle = File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        return new LinuxDiskFile(handle, path);
    }

    private static List<string> Names(string directory, Func<string, IEnumerable<string>> entries)
    {
        List<string> names = [];
        if (Directory.Exists(directory))
        {
            foreach (string entry in entries(directory))
            {
                names.Add(Path.GetFileName(entry));
            }

            names.Sort(StringComparer.Ordinal);
        }

        return names;
    }

    private static bool MoveOnWindows(string source, string target)
    {
        if (Directory.Exists(source))
        {
            Directory.Move(source, target);
        }
        else
        {
            File.Move(source, target, overwrite: true);
        }

        return true;
    }

    private static T Guard<T>(string path, string operation, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (DiskErrors.IsOurs(e))
        {
            throw DiskErrors.From(path, operation, e);
        }
    }
}
