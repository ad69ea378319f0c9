using System.Threading.Tasks.Sources;
using Microsoft.Win32.SafeHandles;

namespace RaftLog.Platform;

/// <summary>One flush call: its files are flushed by several threads, and the last to finish completes it. The awaiter never runs on a flush thread.</summary>
internal sealed class FlushJob : IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = true };
    private DiskException? _error;
    private int _left;

    internal static ValueTask StartFiles(FlushThreads threads, IReadOnlyList<IDiskFile> files)
    {
        // Each handle is held for the flush: closing the file meanwhile neither fails it nor lets it hit a reused descriptor.
        Part[] parts = new Part[files.Count];
        FlushJob job = new() { _left = files.Count };
        for (int i = 0; i < parts.Length; i++)
        {
            LinuxDiskFile file = (LinuxDiskFile)files[i];
            bool held = false;
            try
            {
                file.Handle.DangerousAddRef(ref held);
            }
            catch (ObjectDisposedException e)
            {
                for (int earlier = 0; earlier < i; earlier++)
                {
                    parts[earlier].Handle!.DangerousRelease();
                }

                return ValueTask.FromException(DiskErrors.From(file.Path, "flush", e));
            }

            parts[i] = new Part(job, PartKind.File, file.Path, file.Handle);
        }

        foreach (Part part in parts)
        {
            threads.Enqueue(part);
        }

        return new ValueTask(job, job._core.Version);
    }

    internal static ValueTask StartDirectory(FlushThreads threads, string directory)
    {
        FlushJob job = new() { _left = 1 };
        threads.Enqueue(new Part(job, PartKind.Directory, directory, null));
        return new ValueTask(job, job._core.Version);
    }

    internal static ValueTask StartFileSystem(FlushThreads threads, string directory, SafeFileHandle handle)
    {
        FlushJob job = new() { _left = 1 };
        bool held = false;
        handle.DangerousAddRef(ref held);
        threads.Enqueue(new Part(job, PartKind.FileSystem, directory, handle));
        return new ValueTask(job, job._core.Version);
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

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
