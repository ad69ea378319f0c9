using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Broker.Metadata;

/// <summary>
/// Hands committed metadata to those who act on it, in order and outside the Raft loop, which only leaves the latest image here and goes
/// on. It knows how far the node is: an image is applied when every listener has done what it and all before it ask for.
/// </summary>
internal sealed class MetadataPublisher
{
    private readonly EventLoop _loop;
    private readonly Waiters _waiters;
    private readonly List<IMetadataListener> _listeners = [];
    private readonly Lock _gate = new();

    /// <summary>What listeners have not been told yet: one update, or the latest of several. Guarded by <see cref="_gate"/>.</summary>
    private MetadataUpdate? _next;
    private bool _standsForSeveral;

    /// <summary>Guarded by <see cref="_gate"/>; bounded by the requests that wait.</summary>
    private readonly List<(Offset Offset, Wait Wait)> _waiting = [];
    private long _applied = Offset.None.Value;

    // These belong to the loop.
    private readonly Queue<(Offset Offset, Task Done)> _stages = new();
    private MetadataImage _reported = MetadataImage.Empty;

    /// <summary>A publisher without listeners that does not run yet.</summary>
    public MetadataPublisher(Waiters waiters)
    {
        _waiters = waiters;
        _loop = new EventLoop(waiters);
    }

    /// <summary>What its event loop has counted.</summary>
    public EventLoopCounters Counters => _loop.Counters;

    /// <summary>The last offset whose consequences this node has drawn; none before the first image is applied.</summary>
    public Offset Applied => new(Volatile.Read(ref _applied));

    /// <summary>Adds a listener; all are added before the first image, and told in this order.</summary>
    public void Add(IMetadataListener listener) => _listeners.Add(listener);

    /// <summary>Takes the next committed image. Called by the metadata loader alone, and never waits.</summary>
    public void Publish(MetadataUpdate update)
    {
        bool isFirst;
        lock (_gate)
        {
            isFirst = _next is null;
            _standsForSeveral = !isFirst;
            _next = update;
        }

        if (isFirst)
        {
            _loop.Post(Deliver);
        }
    }

    /// <summary>Runs something between two images; false when the node is stopping and it will not run.</summary>
    public bool Post(Action input) => _loop.Post(input);

    /// <summary>Runs something between two images, and waits for its end.</summary>
    public Task CallAsync(Action input) =>
        _loop.CallAsync(() =>
        {
            input();
            return true;
        });

    /// <summary>Waits until this node has applied the log up to an offset; false when the time is over first.</summary>
    public async ValueTask<bool> WhenAppliedAsync(Offset offset, TimeSpan timeout)
    {
        Wait wait;
        lock (_gate)
        {
            if (Applied >= offset)
            {
                return true;
            }

            wait = _waiters.Rent(timeout);
            _waiting.RemoveAll(each => !each.Wait.IsPending);
            _waiting.Add((offset, wait));
        }

        return await wait.Outcome == WaitOutcome.Ready;
    }

    /// <summary>Runs until stopped.</summary>
    public Task RunAsync() => _loop.RunAsync(static () => long.MaxValue);

    /// <summary>Tells nobody anything more.</summary>
    public void Stop() => _loop.Stop();

    private void Deliver()
    {
        MetadataUpdate update = TakeNext();
        List<Task> unfinished = [];
        foreach (IMetadataListener listener in _listeners)
        {
            Task done = listener.ApplyAsync(update);
            if (!done.IsCompletedSuccessfully)
            {
                unfinished.Add(done);
            }
        }

        _reported = update.Image;
        Task all = Task.WhenAll(unfinished);
        _stages.Enqueue((update.Image.Provenance.LastOffset, all));
        Advance();
        if (!all.IsCompleted)
        {
            _ = AdvanceAfterAsync(all);
        }
    }

    private MetadataUpdate TakeNext()
    {
        MetadataUpdate next;
        bool standsForSeveral;
        lock (_gate)
        {
            next = _next!;
            standsForSeveral = _standsForSeveral;
            _next = null;
        }

        return standsForSeveral ? next with { Changes = MetadataChanges.Between(_reported, next.Image) } : next;
    }

    private async Task AdvanceAfterAsync(Task stage)
    {
        try
        {
            await stage;
        }
        catch (Exception)
        {
            // The loop meets it again, and ends with it.
        }

        _loop.Post(Advance);
    }

    private void Advance()
    {
        Offset applied = Applied;
        while (_stages.TryPeek(out (Offset Offset, Task Done) stage) && stage.Done.IsCompleted)
        {
            // A listener that fails stops the node, here as in its own call.
            stage.Done.GetAwaiter().GetResult();
            applied = stage.Offset;
            _stages.Dequeue();
        }

        lock (_gate)
        {
            Volatile.Write(ref _applied, applied.Value);
            foreach ((Offset offset, Wait wait) in _waiting)
            {
                if (offset <= applied)
                {
                    wait.TryComplete(WaitOutcome.Ready);
                }
            }

            _waiting.RemoveAll(each => each.Offset <= applied);
        }
    }
}
