using System.Runtime.CompilerServices;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// The group commit of one log directory (performance.md §3.2 names the evidence): a loop that takes all logs that became dirty, flushes
/// their files together, publishes what each has flushed, tells the observer once, and goes on with what became dirty meanwhile. It has no
/// timer: what arrives during a flush is the next group. Work on the directory's own files (checkpoints, removal of logs) runs between two
/// groups, so nobody else writes them. A failed flush is final: the directory goes offline and nothing is flushed there again.
/// </summary>
public sealed partial class Flusher
{
    private readonly IDisk _disk;
    private readonly TimeProvider _time;
    private readonly string _directory;
    private readonly Func<ValueTask>? _beforeGroup;
    private readonly DirectoryHealth _health;
    private readonly Lock _lock = new();
    private readonly List<IDiskFile> _files = [];
    private readonly List<string> _names = [];

    /// <summary>
    /// Not bounded here: each entry has a waiter or stands for a deleted log, so there are at most as many as logs, and one for the
    /// checkpoints.
    /// </summary>
    private readonly Queue<DirectoryWork> _work = new();

    /// <summary>Who waits for a group that has not begun.</summary>
    private TaskCompletionSource? _nextGroup;

    private List<PartitionLog> _dirty = [];
    private List<PartitionLog> _group = [];
    private IFlushObserver? _observer;
    private readonly IdleWait _idle = new();
    private bool _directoryDirty;
    private bool _stopping;
    private bool _busy;
    private long _steps;
    private bool _ended;

    /// <param name="disk">The disk.</param>
    /// <param name="time">The clock.</param>
    /// <param name="directory">The log directory.</param>
    /// <param name="health">What is told of a failure.</param>
    /// <param name="beforeGroup">Called before each group, after the queued work; may write the directory's checkpoints.</param>
    internal Flusher(IDisk disk, TimeProvider time, string directory, DirectoryHealth health, Func<ValueTask>? beforeGroup = null)
    {
        _beforeGroup = beforeGroup;
        _disk = disk;
        _time = time;
        _directory = directory;
        _health = health;
    }

    /// <summary>True while something is being flushed or written, or waits for that.</summary>
    public bool IsBusy => Volatile.Read(ref _busy);

    /// <summary>
    /// How many groups and pieces of work have ended. It stands still while <see cref="IsBusy"/> when the disk does not answer.
    /// </summary>
    public long Steps => Volatile.Read(ref _steps);

    /// <summary>What it has counted.</summary>
    public FlushCounters Counters { get; } = new();

    /// <summary>Bytes flushed since the work that was last told of them; the loop's own.</summary>
    internal long BytesSinceCheckpoint { get; set; }

    /// <summary>Who is told after each group; set once, before the first append.</summary>
    public void Observe(IFlushObserver observer)
    {
        Invariant.Holds(_observer is null, "S-03", "a log directory has two flush observers");
        _observer = observer;
    }

    /// <summary>
    /// The loop. Runs until <see cref="Stop"/>, and then flushes what is still dirty. It ends without an exception also when the directory
    /// goes offline; an exception is a broken invariant, for the supervisor of the node.
    /// </summary>
    public async Task RunAsync()
    {
        while (await HasWorkAsync())
        {
            if (_health.IsOffline)
            {
                RejectAll();
                continue;
            }

            // Work first: what is queued before an append is done before the append counts.
            await RunWorkAsync();
            if (_health.IsOffline)
            {
                continue;
            }

            try
            {
                await FlushGroupAsync();
                Volatile.Write(ref _steps, _steps + 1);
            }
            catch (DiskException failure)
            {
                _health.Fail(failure);
            }
        }
    }

    /// <summary>Asks the loop to end once all is flushed.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _stopping = true;
            _idle.End();
        }
    }

    /// <summary>The log has something to flush. Called under the partition's lock; only notes it.</summary>
    internal void Add(PartitionLog log)
    {
        lock (_lock)
        {
            if (!log.IsQueuedForFlush)
            {
                log.IsQueuedForFlush = true;
                _dirty.Add(log);
                _idle.End();
            }
        }
    }

    /// <summary>Names in the log directory itself changed: logs were created or renamed.</summary>
    internal void DirectoryChanged()
    {
        lock (_lock)
        {
            _directoryDirty = true;
            _idle.End();
        }
    }

    /// <summary>
    /// Runs something between two groups; the task fails with <see cref="DiskException"/> when the directory is or goes offline, and is
    /// cancelled once the loop has ended.
    /// </summary>
    internal Task EnqueueAsync(Func<ValueTask> work)
    {
        var queued = new DirectoryWork(work);
        lock (_lock)
        {
            if (_ended)
            {
                queued.Done.SetCanceled();
            }
            else
            {
                _work.Enqueue(queued);
                _idle.End();
            }
        }

        return queued.Done.Task;
    }

    /// <summary>
    /// Ends when a group has been flushed that had not begun yet: by then all that is dirty now is on the disk, names included. The task
    /// fails with <see cref="DiskException"/> when the directory is or goes offline, and is cancelled once the loop has ended.
    /// </summary>
    internal Task NextGroupAsync()
    {
        lock (_lock)
        {
            if (_nextGroup is null)
            {
                _nextGroup = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_ended)
                {
                    _nextGroup.SetCanceled();
                }

                _idle.End();
            }

            return _nextGroup.Task;
        }
    }

    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder<>))]
    private async ValueTask<bool> HasWorkAsync()
    {
        ValueTask idle;
        lock (_lock)
        {
            if (_dirty.Count > 0 || _work.Count > 0 || _directoryDirty || _nextGroup is not null)
            {
                Volatile.Write(ref _busy, true);
                return true;
            }

            Volatile.Write(ref _busy, false);

            if (_stopping)
            {
                _ended = true;
                return false;
            }

            idle = _idle.Begin();
        }

        await idle;
        Volatile.Write(ref _busy, true);
        return true;
    }

    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder))]
    private async ValueTask FlushGroupAsync()
    {
        bool directoryDirty;
        TaskCompletionSource? awaited;
        lock (_lock)
        {
            (_dirty, _group) = (_group, _dirty);
            (awaited, _nextGroup) = (_nextGroup, null);
            directoryDirty = _directoryDirty;
            _directoryDirty = false;
            foreach (PartitionLog log in _group)
            {
                log.IsQueuedForFlush = false;
            }
        }

        long beganAt = _time.GetTimestamp();
        try
        {
            foreach (PartitionLog log in _group)
            {
                if (log.Flushing.Begin(_files))
                {
                    _names.Add(log.Path);
                }
            }

            if (_files.Count > 0)
            {
                ValueTask flushed = _disk.FlushAsync(_files);
                SeededBugHidesFailure(ref flushed);
                await flushed;
            }

            SeededBugSkipsNames();
            foreach (string name in _names)
            {
                await FlushNamesAsync(name);
            }

            if (directoryDirty)
            {
                await _disk.FlushDirectoryAsync(_directory);
            }

            Publish(beganAt);
            awaited?.SetResult();
        }
        catch (DiskException failure)
        {
            awaited?.SetException(failure);
            throw;
        }
        finally
        {
            foreach (PartitionLog log in _group)
            {
                log.Flushing.End();
            }

            _group.Clear();
            _files.Clear();
            _names.Clear();
        }
    }

    partial void SeededBugHidesFailure(ref ValueTask flushed);

    partial void SeededBugSkipsNames();

    /// <summary>
    /// Flushes a log's directory, unless the log was deleted since: then its directory has another name and nobody relies on it.
    /// </summary>
    private async ValueTask FlushNamesAsync(string directory)
    {
        try
        {
            await _disk.FlushDirectoryAsync(directory);
        }
        catch (DiskException gone) when (gone.Kind == DiskErrorKind.NotFound && !_disk.DirectoryExists(directory)) { }
    }

    private void Publish(long beganAt)
    {
        long flushed = 0;
        foreach (PartitionLog log in _group)
        {
            log.Flushing.Complete(out long bytes);
            flushed += bytes;
        }

        BytesSinceCheckpoint += flushed;
        Counters.Flushed(_group.Count, flushed, _time.GetTimestamp() - beganAt);

        if (_group.Count > 0)
        {
            _observer?.Flushed(_group);
        }
    }

    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder))]
    private async ValueTask RunWorkAsync()
    {
        while (!_health.IsOffline && NextWork() is { } work)
        {
            try
            {
                await work.Run();
                Volatile.Write(ref _steps, _steps + 1);
                work.Done.SetResult();
            }
            catch (DiskException failure)
            {
                _health.Fail(failure);
                work.Done.SetException(failure);
            }
        }

        try
        {
            if (!_health.IsOffline && _beforeGroup is { } beforeGroup)
            {
                await beforeGroup();
            }
        }
        catch (DiskException failure)
        {
            _health.Fail(failure);
        }
    }

    private DirectoryWork? NextWork()
    {
        lock (_lock)
        {
            return _work.TryDequeue(out DirectoryWork? work) ? work : null;
        }
    }

    private void RejectAll()
    {
        TaskCompletionSource? awaited;
        lock (_lock)
        {
            (awaited, _nextGroup) = (_nextGroup, null);
            foreach (PartitionLog log in _dirty)
            {
                log.IsQueuedForFlush = false;
            }

            _dirty.Clear();
            _directoryDirty = false;
        }

        awaited?.SetException(_health.Cause!);
        while (NextWork() is { } work)
        {
            work.Done.SetException(_health.Cause!);
        }
    }

    /// <summary>Something to do between two groups, and who waits for it.</summary>
    private sealed class DirectoryWork(Func<ValueTask> run)
    {
        public Func<ValueTask> Run { get; } = run;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
