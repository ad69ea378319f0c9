using System.Threading.Tasks.Sources;
using Microsoft.Win32.SafeHandles;

namespace RaftLog.Platform;

/// <summary>
/// One flush call: its files are flushed by several threads, and the last to finish completes it. The awaiter never runs on a flush thread.
/// Once it has been awaited the threads take the object for another call.
/// </summary>
internal sealed class FlushJob(FlushThreads threads) : IValueTaskSource
{
    private readonly List<Part> _parts = [];
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private DiskException? _error;
    private int _left;

    internal ValueTask StartFiles(IReadOnlyList<IDiskFile> files)
    {
        // Each handle is held for the flush: closing the file meanwhile neither fails it nor lets it hit a reused descriptor.
        for (int i = 0; i < files.Count; i++)
        {
            LinuxDiskFile file = (LinuxDiskFile)files[i];
            bool held = false;
            try
            {
                file.Handle.DangerousAddRef(ref held);
            }
            catch (ObjectDisposedException e)
            {
                _parts.ForEach(static earlier => earlier.Handle!.DangerousRelease());
                _parts.Clear();
                threads.TakeBack(this);
                return ValueTask.FromException(DiskErrors.From(file.Path, "flush", e));
            }

            _parts.Add(new Part(this, PartKind.File, file.Path, file.Handle));
        }

        return Start();
    }

    internal ValueTask StartDirectory(string directory)
    {
        _parts.Add(new Part(this, PartKind.Directory, directory, null));
        return Start();
    }

    internal ValueTask StartFileSystem(string directory, SafeFileHandle handle)
    {
        bool held = false;
        handle.DangerousAddRef(ref held);
        _parts.Add(new Part(this, PartKind.FileSystem, directory, handle));
        return Start();
    }

    private ValueTask Start()
    {
        short version = _core.Version;
        _left = _parts.Count;
        foreach (Part part in _parts)
        {
            threads.Enqueue(part);
        }

        _parts.Clear();
        return new ValueTask(this, version);
    }

    void IValueTaskSource.GetResult(short token)
    {
        // A token of an earlier call throws here, before anything of the present one is touched.
        _core.GetStatus(token);
        try
        {
            _core.GetResult(token);
        }
        finally
        {
            _error = null;
            _core.Reset();
            threads.TakeBack(this);
        }
    }

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Finish(DiskException? error)
    {
        if (error is not null)
        {
            Interlocked.CompareExchange(ref _error, error, null);
        }

        if (Interlocked.Decrement(ref _left) > 0)
        {
            return;
        }

        if (_error is null)
        {
            _core.SetResult(true);
        }
        else
        {
            _core.SetException(_error);
        }
    }

    /// <summary>What a part flushes.</summary>
    internal enum PartKind
    {
        File,
        Directory,
        FileSystem,
    }

    /// <summary>One file, the names in one directory, or the file system of a directory. A directory has no handle.</summary>
    internal readonly record struct Part(FlushJob Job, PartKind Kind, string Path, SafeFileHandle? Handle)
    {
        internal void Run()
        {
            DiskException? failure;
            try
            {
                int error = Kind switch
                {
                    PartKind.File => Native.FlushData(Handle!),
                    PartKind.FileSystem => Native.FlushFileSystem(Handle!),
                    _ => Native.FlushDirectory(Path),
                };
                failure = error == 0 ? null : DiskErrors.From(Path, "flush", error);
            }
            catch (Exception e)
            {
                failure = new DiskException(Path, DiskErrorKind.Io, "flush", e.Message, e);
            }

            Handle?.DangerousRelease();
            Job.Finish(failure);
        }
    }
}
