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
    private readonly Queue<Queue<Wait>> _complete = new();

    /// <summary>When something is to be decided again: at once where a transaction has become complete.</summary>
    public long NextDeadlineMs
    {
        get
        {
            while (_byDeadline.TryPeek(out Wait? over) && over.IsOver)
            {
                _byDeadline.Dequeue();
            }

            return _complete.Count > 0 ? long.MinValue
                : _byDeadline.TryPeek(out Wait? first) ? first.UntilMs
                : long.MaxValue;
        }
    }

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
        if (_byId.Remove(transactionalId, out Queue<Wait>? waits))
        {
            _complete.Enqueue(waits);
        }
    }

    /// <summary>Decides whoever's transaction is complete, and whoever's time is over.</summary>
    public void Tick(CoordinatorTime now, Outbox outbox)
    {
        // One request an id: what it writes is replayed before the next is decided.
        for (int i = _complete.Count; i > 0; i--)
        {
            Queue<Wait> waits = _complete.Dequeue();
            Decide(waits.Dequeue(), now, outbox);
            if (waits.Count > 0)
            {
                _complete.Enqueue(waits);
            }
        }

        while (_byDeadline.TryPeek(out Wait? first) && (first.IsOver || first.UntilMs <= now.MonotonicMs))
        {
            _byDeadline.Dequeue();
            if (!first.IsOver && _byId.TryGetValue(first.TransactionalId, out Queue<Wait>? waits))
            {
                // All have waited for the same time, so the first of all is the first of its id.
                waits.Dequeue();
                Decide(first, now, outbox);
                if (waits.Count == 0)
                {
                    _byId.Remove(first.TransactionalId);
                }
            }
        }
    }

    private static void Decide(Wait wait, CoordinatorTime now, Outbox outbox)
    {
        wait.IsOver = true;
        wait.Again(now, outbox);
    }

    private sealed class Wait(string transactionalId, long untilMs, Action<CoordinatorTime, Outbox> again)
    {
        public string TransactionalId => transactionalId;

        public long UntilMs => untilMs;

        public Action<CoordinatorTime, Outbox> Again => again;

        public bool IsOver { get; set; }
    }
}
