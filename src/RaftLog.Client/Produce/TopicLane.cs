namespace RaftLog.Client.Produce;

/// <summary>
/// The way into one topic. As long as nobody waits it is free. Calls that have to wait, for metadata or memory, queue up here one behind
/// the other, and so do those that come after them: the order of the calls is the order of the records.
/// </summary>
/// <param name="name">The topic.</param>
internal sealed class TopicLane(string name)
{
    private readonly Lock _lock = new();
    private Task _last = Task.CompletedTask;
    private int _waiting;
    private int _moving;
    private ProducerTopic? _topic;

    /// <summary>The topic.</summary>
    public string Name => name;

    /// <summary>The topic's queues, once its metadata is known.</summary>
    public ProducerTopic? Topic
    {
        get => Volatile.Read(ref _topic);
        set => Volatile.Write(ref _topic, value);
    }

    /// <summary>True when nobody waits.</summary>
    public bool IsFree => Volatile.Read(ref _waiting) == 0;

    /// <summary>
    /// True for whoever shall move the records of a topic that was made anew; until <see cref="EndMove"/> for nobody else.
    /// </summary>
    public bool TryBeginMove() => Interlocked.Exchange(ref _moving, 1) == 0;

    /// <summary>The records are moved, or could not be.</summary>
    public void EndMove() => Volatile.Write(ref _moving, 0);

    /// <summary>
    /// Gets in line. The first task ends when it is the caller's turn; the second, which the caller ends, gives the turn to the next.
    /// </summary>
    public (Task Turn, TaskCompletionSource Done) Enter()
    {
        TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting++;
            Task turn = _last;
            _last = done.Task;
            return (turn, done);
        }
    }

    public void Leave(TaskCompletionSource done)
    {
        lock (_lock)
        {
            _waiting--;
        }

        done.SetResult();
    }
}
