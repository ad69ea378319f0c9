using System.Diagnostics.CodeAnalysis;

namespace RaftLog.Coordination.Transactions;

/// <summary>
/// Requests that begin a transaction while the one before is decided and not complete. They wait for the markers, which are mostly a
/// moment away, instead of being rejected and coming back after a pause. Not part of the replayed state: who waits is told by the shell
/// when the state is gone.
/// </summary>
internal sealed class CompletionWaits
{
    private readonly Queue<Wait> _byDeadline = new();
    private readonly Dictionary<string, Queue<Wait>> _byId = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Queue<Wait>> _complete = new(StringComparer.Ordinal);

    /// <summary>When something is to be decided again: at once where a transaction has become complete.</summary>
    public long NextDeadlineMs =>
        _complete.Count > 0 ? long.MinValue
        : TryPeekWaiting(out Wait? first) ? first.UntilMs
        : long.MaxValue;

    /// <summary>Lets a request wait.</summary>
    /// <param name="transactionalId">For whose transaction.</param>
    /// <param name="untilMs">For how long at most. Never less than at the call before.</param>
    /// <param name="again">Decides the request again, for good.</param>
    public void Add(string transactionalId, long untilMs, Action<CoordinatorTime, Outbox> again)
    {
        Wait wait = new(transactionalId, untilMs, again);
        _byDeadline.Enqueue(wait);
        if (!_byId.TryGetValue(transactionalId, out Queue<Wait>? waits))
        {
            _byId.Add(transactionalId, waits = new Queue<Wait>());
        }

        waits.Enqueue(wait);
    }

    /// <summary>An id has no decided transaction any more: whoever waits for that is decided with the next tick.</summary>
    public void Complete(string transactionalId)
    {
        if (!_byId.Remove(transactionalId, out Queue<Wait>? waits))
        {
            return;
        }

        if (!_complete.TryGetValue(transactionalId, out Queue<Wait>? ready))
        {
            _complete.Add(transactionalId, ready = new Queue<Wait>());
        }

        foreach (Wait wait in waits)
        {
            wait.IsOver = true;
            ready.Enqueue(wait);
        }
    }

    /// <summary>Decides whoever's transaction is complete, and whoever's time is over.</summary>
    public void Tick(CoordinatorTime now, Outbox outbox)
    {
        // One request an id: what it writes is replayed before the next is decided.
        foreach ((string transactionalId, Queue<Wait> ready) in _complete.ToList())
        {
            ready.Dequeue().Again(now, outbox);
            if (ready.Count == 0)
            {
                _complete.Remove(transactionalId);
            }
        }

        while (TryPeekWaiting(out Wait? late) && late.UntilMs <= now.MonotonicMs)
        {
            // All have waited for the same time, so the first of all is the first of its id.
            _byDeadline.Dequeue();
            Queue<Wait> waits = _byId[late.TransactionalId];
            waits.Dequeue();
            if (waits.Count == 0)
            {
                _byId.Remove(late.TransactionalId);
            }

            late.Again(now, outbox);
        }
    }

    /// <summary>The one whose deadline comes first.</summary>
    private bool TryPeekWaiting([NotNullWhen(true)] out Wait? first)
    {
        while (_byDeadline.TryPeek(out first) && first.IsOver)
        {
            _byDeadline.Dequeue();
        }

        return first is not null;
    }

    private sealed class Wait(string transactionalId, long untilMs, Action<CoordinatorTime, Outbox> again)
    {
        public string TransactionalId => transactionalId;

        public long UntilMs => untilMs;

        public Action<CoordinatorTime, Outbox> Again => again;

        /// <summary>True once it waits for its deadline no more: its transaction is complete.</summary>
        public bool IsOver { get; set; }
    }
}
