using DotNext.Threading;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Benchmarks.Storage;

/// <summary>A log directory on the real disk with its loops running, removed at the end.</summary>
internal sealed class ScratchDirectory : IAsyncDisposable, IFlushObserver
{
    private readonly string _path;
    private readonly Task _loops;
    private readonly AsyncAutoResetEvent _flushed = new(initialState: false);

    private ScratchDirectory(string path, IDisk disk, LogDirectory directory)
    {
        _path = path;
        Disk = disk;
        Directory = directory;
        directory.Flusher.Observe(this);
        _loops = Task.Run(directory.RunAsync);
    }

    /// <summary>The disk.</summary>
    public IDisk Disk { get; }

    /// <summary>The directory.</summary>
    public LogDirectory Directory { get; }

    /// <summary>Opens a directory, formatted where it is new.</summary>
    public static async Task<ScratchDirectory> OpenAsync(string path)
    {
        IDisk disk = new LinuxDisk();
        if (!disk.DirectoryExists(path))
        {
            disk.CreateDirectory(path);
            await new MetaProperties("benchmark", new NodeId(1), new Uuid(1, 2)).WriteAsync(disk, path);
        }

        return new ScratchDirectory(path, disk, await LogDirectory.OpenAsync(disk, TimeProvider.System, path));
    }

    /// <inheritdoc/>
    public void Flushed(IReadOnlyList<PartitionLog> logs) => _flushed.Set();

    /// <summary>Waits until a log is flushed up to its end.</summary>
    public async Task FlushAsync(PartitionLog log)
    {
        while (log.FlushedTo < log.EndOffset)
        {
            await _flushed.WaitAsync();
        }
    }

    /// <summary>Ends without a clean stop.</summary>
    public async Task AbandonAsync()
    {
        Directory.Abandon();
        await _loops;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await AbandonAsync();
        Disk.DeleteDirectory(_path);
    }
}
