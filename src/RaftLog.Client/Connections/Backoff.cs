using RaftLog.Platform;

namespace RaftLog.Client.Connections;

/// <summary>
/// Pauses that double from the first to the longest, each a fifth shorter or longer by chance, so that clients do not retry in step.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, IEntropy entropy)
{
    private TimeSpan _last;

    public TimeSpan Next()
    {
        _last = _last == TimeSpan.Zero ? first : TimeSpan.FromTicks(Math.Min(longest.Ticks, _last.Ticks * 2));
        return _last * (0.8 + (entropy.Next(401) / 1000.0));
    }

    public void Reset() => _last = TimeSpan.Zero;
}
