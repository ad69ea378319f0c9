namespace RaftLog.Simulation.Cores;

/// <summary>What will happen, by its time; what happens at one time happens in an order that chance draws.</summary>
internal sealed class EventQueue(Chance chance)
{
    private const int TieBits = 32;

    /// <summary>So many events in one millisecond, and nobody waits for anything any more: time would stand still for ever.</summary>
    private const int MaxAtOnce = 100_000;

    private readonly PriorityQueue<Action, ulong> _events = new();
    private long _lastMs;
    private int _atOnce;

    /// <summary>Has something done at a time.</summary>
    public void Add(long atMs, Action action) => _events.Enqueue(action, ((ulong)atMs << TieBits) | (chance.NextBits() >> TieBits));

    /// <summary>True when something will happen until then.</summary>
    public bool HasUntil(long untilMs) => _events.TryPeek(out _, out ulong next) && (long)(next >> TieBits) <= untilMs;

    /// <summary>Takes the next; its order tells this run from others.</summary>
    public Action Take(out long atMs, out ulong order)
    {
        AlarmException.Unless(_events.TryDequeue(out Action? action, out order), "liveness", $"nothing more will ever happen");
        atMs = (long)(order >> TieBits);
        _atOnce = atMs == _lastMs ? _atOnce + 1 : 0;
        _lastMs = atMs;
        AlarmException.Unless(
            _atOnce < MaxAtOnce,
            "liveness",
            $"time stands still at {atMs} ms: the latest of {MaxAtOnce} events is {action!.Method}"
        );
        return action!;
    }
}
