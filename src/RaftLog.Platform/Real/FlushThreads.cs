namespace RaftLog.Platform;

/// <summary>
/// The threads that wait in <c>fdatasync</c>: two to four of them, so that the files of one group commit are flushed together, and no pool
/// thread ever sleeps in a flush. They start with the first flush and end when nothing has come for a while.
/// </summary>
internal sealed class FlushThreads
{
    private const int MaxThreads = 4;
    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Queue<FlushJob.Part> _parts = new();
    private readonly SemaphoreSlim _ready = new(0);
    private FlushJob? _spareJob;
    private int _threads;
    private int _idle;

    /// <summary>A job for the next call: the one that is kept, or a new one where calls overlap.</summary>
    internal FlushJob NextJob() => Interlocked.Exchange(ref _spareJob, null) ?? new FlushJob(this);

    /// <summary>Keeps a job that nobody awaits any more.</summary>
    internal void TakeBack(FlushJob job) => Volatile.Write(ref _spareJob, job);

    internal void Enqueue(FlushJob.Part part)
    {
        bool start = false;
        lock (_gate)
        {
            _parts.Enqueue(part);
            if (_parts.Count > _idle && _threads < MaxThreads)
            {
                _threads++;
                start = true;
            }
        }

        if (start)
        {
            new Thread(Work, maxStackSize: 256 << 10) { IsBackground = true, Name = "raftlog flush" }.UnsafeStart();
        }

        _ready.Release();
    }

    private void Work()
    {
        while (true)
        {
            lock (_gate)
            {
                _idle++;
            }

            bool woken = _ready.Wait(IdleTime);
            FlushJob.Part part;
            lock (_gate)
            {
                _idle--;
                if (!woken)
                {
                    _threads--;

                    // A part that came just now, and counted on this thread, has released the semaphore: stay for it.
                    if (_parts.Count == 0)
                    {
                        return;
                    }

                    _threads++;
                    continue;
                }

                part = _parts.Dequeue();
            }

            part.Run();
        }
    }
}
