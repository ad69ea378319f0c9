using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// The requests that wait for one mark of a partition (the high watermark, what is flushed, the low watermark) to reach an offset, ordered
/// by that offset: whoever moves the mark looks at the first and stops at the first that still waits. Under the partition's lock.
/// </summary>
internal sealed class CommitLedger
{
    private const int FirstSweep = 64;

    // A ring, ordered by the offset that is waited for. Appends come in that order; a retry, which waits for an earlier offset, is moved
    // forward.
    private Entry[] _ring = new Entry[16];
    private int _first;
    private int _count;
    private int _sweepAt = FirstSweep;

    /// <summary>True while nobody waits.</summary>
    public bool IsEmpty => _count == 0;

    /// <summary>The entries, those of requests that have given up included.</summary>
    public int Count => _count;

    /// <summary>
    /// Adds one. Those whose request has given up are swept out whenever the ledger has doubled, so it holds at most twice as many as
    /// requests wait; how many those are is bounded by the connections.
    /// </summary>
    public void Add(in Entry entry)
    {
        if (_count >= _sweepAt)
        {
            Sweep();
        }

        if (_count == _ring.Length)
        {
            Resize(2 * _count);
        }

        int place = _count++;
        for (; place > 0 && At(place - 1).End > entry.End; place--)
        {
            At(place) = At(place - 1);
        }

        At(place) = entry;
    }

    /// <summary>Decides those that can be decided now.</summary>
    public void Release(PartitionReplica replica, WakeList wakes)
    {
        while (_count > 0)
        {
            ref Entry entry = ref At(0);
            if (!entry.Wait.IsOver)
            {
                if (entry.Judge(replica) is not { } outcome)
                {
                    return;
                }

                entry.Wait.Decide(entry.Slot, outcome, wakes);
            }

            entry = default;
            _first = (_first + 1) & (_ring.Length - 1);
            _count--;
        }
    }

    private ref Entry At(int place) => ref _ring[(_first + place) & (_ring.Length - 1)];

    private void Sweep()
    {
        int kept = 0;
        for (int place = 0; place < _count; place++)
        {
            Entry entry = At(place);
            At(place) = default;
            if (!entry.Wait.IsOver)
            {
                At(kept++) = entry;
            }
        }

        _count = kept;
        _sweepAt = Math.Max(FirstSweep, 2 * kept);
    }

    private void Resize(int capacity)
    {
        Entry[] larger = new Entry[capacity];
        for (int place = 0; place < _count; place++)
        {
            larger[place] = At(place);
        }

        _ring = larger;
        _first = 0;
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

            if (replica.Role is not PartitionLeaderRole leader || leader.Epoch != Epoch)
            {
                return ErrorCode.NotLeaderOrFollower;
            }

            Offset reached = For == Awaited.Deletion ? replica.LowWatermark : replica.Log.DurableEnd;
            return reached >= End ? ErrorCode.None : null;
        }
    }
}
