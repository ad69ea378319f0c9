namespace RaftLog.Checking;

/// <summary>Which calls, in whatever order, have led to which state already: the same again leads nowhere new.</summary>
internal sealed class TriedStates<TState>
    where TState : IEquatable<TState>
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    private readonly Dictionary<ulong, List<(ulong[] Taken, TState State)>> _tried = [];

    /// <summary>False when it was there already.</summary>
    internal bool TryAdd(ulong[] taken, TState state)
    {
        ulong hash = 0;
        foreach (ulong word in taken)
        {
            hash = (ulong.RotateLeft(hash, 5) ^ word) * Multiplier;
        }

        if (!_tried.TryGetValue(hash, out List<(ulong[] Taken, TState State)>? same))
        {
            _tried.Add(hash, same = []);
        }

        foreach ((ulong[] other, TState its) in same)
        {
            if (its.Equals(state) && other.AsSpan().SequenceEqual(taken))
            {
                return false;
            }
        }

        same.Add((taken, state));
        return true;
    }
}
