using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Broker.Partitions;

/// <summary>The appends, or the deletions, of one partition that somebody waits for. Under the partition's lock.</summary>
internal sealed class CommitWaiters
{
    private const int FirstSweep = 64;
    private readonly List<Entry> _entries = [];
    private int _sweepAt = FirstSweep;

    /// <summary>True while nobody waits.</summary>
    public bool IsEmpty => _entries.Count == 0;

    /// <summary>
    /// Adds one. Those whose request has given up are swept out whenever the list has doubled, so it holds at most twice as many as requests wait;
    /// how many those are is bounded by the connections.
    /// </summary>
    public void Add(in Entry entry)
    {
        if (_entries.Count >= _sweepAt)
        {
            _entries.RemoveAll(static each => each.Wait.IsOver);
            _sweepAt = Math.Max(FirstSweep, 2 * _entries.Count);
        }

        _entries.Add(entry);
    }

    /// <summary>Decides those that can be decided now.</summary>
    public void Release(PartitionReplica replica, WakeList wakes)
    {
        int kept = 0;
        for (int i = 0; i < _entries.Count; i++)
        {
            Entry entry = _entries[i];
            if (entry.Wait.IsOver)
            {
                continue;
            }

            if (entry.Judge(replica) is { } outcome)
            {
                entry.Wait.Decide(entry.Slot, outcome, wakes);
            }
            else
            {
                _entries[kept++] = entry;
            }
        }

        _entries.RemoveRange(kept, _entries.Count - kept);
    }

    /// <summary>One append or deletion that somebody waits for.</summary>
    /// <param name="End">The offset after its last record.</param>
    /// <param name="Epoch">The leadership that appended it, or found it in the log already, or deleted it.</param>
    /// <param name="For">What is to come.</param>
    /// <param name="Wait">Who waits.</param>
    /// <param name="Slot">For which of the partitions of its request.</param>
    internal readonly record struct Entry(Offset End, LeaderEpoch Epoch, Awaited For, CommitWait Wait, int Slot)
    {
        /// <summary>The outcome; null while it is open.</summary>
        public ErrorCode? Judge(PartitionReplica replica)
        {
            if (For == Awaited.Commit)
            {
                return replica.CheckCommitted(End, Epoch) switch
                {
                    CommitVerdict.Waiting => null,
                    CommitVerdict.Committed => ErrorCode.None,
                    CommitVerdict.TooFewInSync => ErrorCode.NotEnoughReplicasAfterAppend,
                    _ => ErrorCode.NotLeaderOrFollower,
                };
            }

            if (replica.Role is not LeaderRole leader || leader.Epoch != Epoch)
            {
                return ErrorCode.NotLeaderOrFollower;
            }

            Offset reached = For == Awaited.Deletion ? replica.LowWatermark : replica.Log.DurableEnd;
            return reached >= End ? ErrorCode.None : null;
        }
    }
}
