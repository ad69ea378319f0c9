using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>
/// A disk that lets other threads go first, now and then, in the middle of a write and before a flush: where a lock is missing, it shows.
/// </summary>
internal sealed class YieldingDisk(IDisk inner, SimRandom random) : IDisk
{
    private const double WriteShare = 0.3;
    private const double FlushShare = 0.3;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();

    public IDiskFile OpenOrCreate(string path) => new YieldingFile(this, inner.OpenOrCreate(path));

    public IDiskFile? OpenExisting(string path) => inner.OpenExisting(path) is { } file ? new YieldingFile(this, file) : null;

    public void CreateDirectory(string path) => inner.CreateDirectory(path);

    public bool FileExists(string path) => inner.FileExists(path);

    public bool DirectoryExists(string path) => inner.DirectoryExists(path);

    public IReadOnlyList<string> ListFiles(string directory) => inner.ListFiles(directory);

    public IReadOnlyList<string> ListDirectories(string directory) => inner.ListDirectories(directory);

    public void Rename(string source, string target) => inner.Rename(source, target);

    public void DeleteFile(string path) => inner.DeleteFile(path);

    public void DeleteDirectory(string path) => inner.DeleteDirectory(path);

    public async ValueTask FlushAsync(IReadOnlyList<IDiskFile> files)
    {
        if (Chance(FlushShare))
        {
            await Task.Delay(Pause);
        }
        else
        {
            await Task.Yield();
        }

        await inner.FlushAsync([.. files.Select(each => ((YieldingFile)each).Inner)]);
    }

    public ValueTask FlushDirectoryAsync(string directory) => inner.FlushDirectoryAsync(directory);

    public IDisposable? TryLock(string path) => inner.TryLock(path);

    public DiskSpace Space(string path) => inner.Space(path);

    private bool Chance(double share)
    {
        lock (_gate)
        {
            return random.Chance(share);
        }
    }

    private sealed class YieldingFile(YieldingDisk disk, IDiskFile inner) : IDiskFile
    {
        internal IDiskFile Inner => inner;

        public string Path => inner.Path;

        public long Length => inner.Length;

        public int Read(long position, Span<byte> target) => inner.Read(position, target);

        public void Write(long position, ReadOnlySpan<byte> source)
        {
            if (disk.Chance(WriteShare))
            {
                Thread.Yield();
            }

            inner.Write(position, source);
        }

        public void SetLength(long length) => inner.SetLength(length);

        public void DropCache() => inner.DropCache();

        public void Dispose() => inner.Dispose();
    }
}
