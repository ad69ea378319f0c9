namespace RaftLog.TestKit;

/// <summary>Runs asynchronous code on the test's own thread, one step after the other.</summary>
public sealed class Pump : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _queue = new();

    public override void Post(SendOrPostCallback d, object? state) => _queue.Enqueue((d, state));

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    /// <summary>Runs everything that can run now.</summary>
    public void Drain()
    {
        SynchronizationContext? before = Current;
        SetSynchronizationContext(this);
        try
        {
            while (_queue.TryDequeue(out (SendOrPostCallback Callback, object? State) next))
            {
                next.Callback(next.State);
            }
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Starts something and runs what can run.</summary>
    public T Start<T>(Func<T> start)
    {
        SynchronizationContext? before = Current;
        SetSynchronizationContext(this);
        T started;
        try
        {
            started = start();
        }
        finally
        {
            SetSynchronizationContext(before);
        }

        Drain();
        return started;
    }

    /// <summary>Runs something that can end without the world's help, to its end.</summary>
    public T Finish<T>(Func<ValueTask<T>> start)
    {
        Task<T> task = Start(() => start().AsTask());
        Assert.True(task.IsCompleted, "the task waits for something that does not come");
        return task.GetAwaiter().GetResult();
    }

    /// <summary>Runs something that can end without the world's help, to its end.</summary>
    public void Finish(Func<ValueTask> start)
    {
        Task task = Start(() => start().AsTask());
        Assert.True(task.IsCompleted, "the task waits for something that does not come");
        task.GetAwaiter().GetResult();
    }
}
