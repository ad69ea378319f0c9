namespace RaftLog.Platform.Waiting;

/// <summary>
/// A ticket for one wait, rented from <see cref="Waiters"/>. One side awaits <see cref="Outcome"/> exactly once; any number of others hold
/// copies and end it with <see cref="TryComplete"/>. The first to end it wins; a ticket kept after its wait is over does nothing, although
/// the object behind it serves other waits by then.
/// </summary>
public readonly struct Wait
{
    private readonly Waiter? _waiter;
    private readonly long _version;

    internal Wait(Waiter waiter, long version)
    {
        _waiter = waiter;
        _version = version;
    }

    /// <summary>
    /// Completes when the wait ends. The continuation runs in the awaiter's synchronization context, or else on the pool; never inside
    /// <see cref="TryComplete"/>, and without a synchronization context inside <see cref="TryCompleteHere"/>.
    /// </summary>
    public ValueTask<WaitOutcome> Outcome =>
        _waiter is null ? ValueTask.FromResult(WaitOutcome.Closed) : new ValueTask<WaitOutcome>(_waiter, (short)_version);

    /// <summary>True while nobody has ended the wait. False for the default ticket.</summary>
    public bool IsPending => _waiter is not null && _waiter.IsPending(_version);

    /// <summary>Ends the wait; false when it was over already, or for the default ticket.</summary>
    public bool TryComplete(WaitOutcome outcome) => _waiter is not null && _waiter.TryComplete(_version, outcome, here: false);

    /// <summary>
    /// As <see cref="TryComplete"/>, but the continuation may run before this returns: for whoever holds no lock, and would rather run what
    /// follows than wake a thread for it.
    /// </summary>
    public bool TryCompleteHere(WaitOutcome outcome) => _waiter is not null && _waiter.TryComplete(_version, outcome, here: true);
}
