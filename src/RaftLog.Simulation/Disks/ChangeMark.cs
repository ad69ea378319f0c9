namespace RaftLog.Simulation;

/// <summary>
/// From where on a file's bytes have changed since one reader has looked. Each reader has its own: two that share one would take the
/// changes from each other.
/// </summary>
internal sealed class ChangeMark
{
    private int _lowest;

    /// <summary>The bytes from a position on have changed.</summary>
    internal void Note(int position) => _lowest = Math.Min(_lowest, position);

    /// <summary>The first position that has changed since the last call; beyond every position when none has.</summary>
    internal int Take()
    {
        int lowest = _lowest;
        _lowest = int.MaxValue;
        return lowest;
    }
}
