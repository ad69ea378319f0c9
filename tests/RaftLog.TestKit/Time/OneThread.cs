namespace RaftLog.TestKit;

/// <summary>
/// A synchronization context that runs everything on the thread that pumps it, as the simulator does. It notes posts from other
/// threads and what was queued to the pool.
/// </summary>
public sealed class OneThread : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _posted = new();
    private readonly Thread _thread = Thread.CurrentThread;

    public int ForeignPosts { get; private set; }

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_posted)
        {
            ForeignPosts += Thread.CurrentThread == _thread ? 0 : 1;
            _posted.Enqueue((d, state));
        }
    }

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    /// <summary>Runs a test on a thread and a context of its own; whatever is left to run when it ends is run.</summary>
    public static void Run(Action<OneThread> test)
    {
        Exception? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                OneThread context = new();
                SetSynchronizationContext(context);
                test(context);
                context.Pump();
                Assert.Equal(0, context.ForeignPosts);
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    /// <summary>Runs all that is posted, and what that posts; the number of callbacks.</summary>
    public int Pump()
    {
        int ran = 0;
        while (true)
        {
            (SendOrPostCallback Callback, object? State) next;
            lock (_posted)
            {
                if (!_posted.TryDequeue(out next))
                {
                    return ran;
                }
            }

            next.Callback(next.State);
            ran++;
        }
    }
}
