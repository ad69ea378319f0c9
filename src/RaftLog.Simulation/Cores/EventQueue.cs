namespace RaftLog.Simulation.Cores;

/// <summary>What will happen, by its time; what happens at one time happens in an order that chance draws.</summary>
internal sealed class EventQueue(Chance chance)
{
    private const int TieBits = 32;

    private readonly PriorityQueue<Action, ulong> _events = new();

    /// <summary>Has something done at a time.</summary>
    public void Add(long atMs, Action action) => _events.Enqueue(action, ((ulong)atMs << TieBits) | (chance.NextBits() >> TieBits));

    /// <summary>True when something will happen until then.</summary>
    public bool HasUntil(long untilMs) => _events.TryPeek(out _, out ulong next) && (long)(next >> TieBits) <= untilMs;

    /// <summary>Takes the next; its order tells this run from others.</summary>
    public Action Take(out long atMs, out ulong order)
    {
        AlarmException.Unless(_events.TryDequeue(out Action? action, out order), "liveness", $"nothing more will ever happen");
        atMs = (long)(order >> TieBits);
        return action!;
    }
}
