using RaftLog.Checking;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// The partitions that a member holds, and since when. It may rely on them until it gives them up, and no longer than its session since it
/// last sent what was answered: clocks differ by a few in a hundred. While it has to give up partitions it may rely on the others no longer
/// than its rebalance timeout, here its session too, since it sent the first heartbeat that may have begun that: as in Kafka, the
/// coordinator counts from when it decides, whether or not its response arrives.
/// </summary>
internal sealed class GroupSeat(string group, GroupLog log, Func<long> nowUs, TimeSpan session)
{
    private const double Reliable = 0.93;

    private readonly SortedDictionary<TopicPartition, long> _since = [];
    private readonly long _sessionUs = (long)(session.TotalMicroseconds * Reliable);
    private long _seenUs;
    private long? _unansweredUs;
    private long? _revokingUntilUs;
    private bool _isDoubtful;

    /// <summary>What it holds.</summary>
    internal IReadOnlyCollection<TopicPartition> Owned => _since.Keys;

    /// <summary>The coordinator may hear what is sent now.</summary>
    internal void Sends() => _unansweredUs ??= nowUs();

    /// <summary>The coordinator has heard what was sent then.</summary>
    /// <param name="sentUs">When it was sent.</param>
    /// <param name="mustGiveUp">Whether the response takes away something that the member held when it sent.</param>
    internal void Heard(long sentUs, bool mustGiveUp = false)
    {
        _seenUs = sentUs;
        _revokingUntilUs = mustGiveUp ? _revokingUntilUs ?? ((_unansweredUs ?? sentUs) + _sessionUs) : null;
        _unansweredUs = null;
    }

    /// <summary>
    /// The same of a response that a coordinator gives to everybody while it is loading, as Kafka does to heartbeats of classic groups.
    /// After a session of silence it does not say who is a member still: what is held is held anew with the next one.
    /// </summary>
    internal void HeardPerhapsUnseen(string member, long sentUs)
    {
        bool wasSilent = sentUs - _seenUs > _sessionUs;
        if (_isDoubtful || wasSilent)
        {
            foreach (TopicPartition partition in _since.Keys.ToList())
            {
                Give(member, partition);
                Take(partition);
            }
        }

        _isDoubtful = wasSilent;
        Heard(sentUs);
    }

    internal void Take(TopicPartition partition) => _since.TryAdd(partition, nowUs());

    internal void Give(string member, TopicPartition partition)
    {
        if (_since.Remove(partition, out long since) && !_isDoubtful)
        {
            long reliableUs = Math.Min(_seenUs + _sessionUs, _revokingUntilUs ?? long.MaxValue);
            log.Held(new Ownership(group, partition, member, since, Math.Min(nowUs(), reliableUs)));
        }
    }

    internal void GiveAll(string member)
    {
        foreach (TopicPartition partition in _since.Keys.ToList())
        {
            Give(member, partition);
        }

        (_unansweredUs, _revokingUntilUs, _isDoubtful) = (null, null, false);
    }
}
