using RaftLog.Checking;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// The partitions that a member holds, and since when. It may rely on them until it gives them up, and no longer than its session since it last sent what was
/// answered: clocks differ by a few in a hundred.
/// </summary>
internal sealed class GroupSeat(string group, GroupLog log, Func<long> nowUs, TimeSpan session)
{
    private const double Reliable = 0.93;

    private readonly SortedDictionary<TopicPartition, long> _since = [];
    private readonly long _sessionUs = (long)(session.TotalMicroseconds * Reliable);
    private long _seenUs;

    /// <summary>What it holds.</summary>
    internal IReadOnlyCollection<TopicPartition> Owned => _since.Keys;

    /// <summary>The coordinator has heard what was sent then.</summary>
    internal void Heard(long sentUs) => _seenUs = sentUs;

    internal void Take(TopicPartition partition) => _since.TryAdd(partition, nowUs());

    internal void Give(string member, TopicPartition partition)
    {
        if (_since.Remove(partition, out long since))
        {
            log.Held(new Ownership(group, partition, member, since, Math.Min(nowUs(), _seenUs + _sessionUs)));
        }
    }

    internal void GiveAll(string member)
    {
        foreach (TopicPartition partition in _since.Keys.ToList())
        {
            Give(member, partition);
        }
    }
}
