using RaftLog.Protocol;
using RaftLog.Raft;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// A disk: what programs read, what is safe, and the writes between. A power cut keeps any prefix of those; a batch is one write, because a
/// torn one fails its checksum.
/// </summary>
internal sealed class QuorumDisk
{
    private readonly List<(QuorumEntry[]? Batch, long End)> _unsynced = [];

    public QuorumLog Written { get; private set; } = new();

    public QuorumLog Durable { get; private set; } = new();

    public ElectionState Election { get; set; } = ElectionState.Initial;

    public SortedDictionary<long, QuorumSnapshot> Snapshots { get; } = [];

    public SnapshotId LatestSnapshot => Snapshots.Count == 0 ? SnapshotId.None : Snapshots.Values.Last().Id;

    public int Unsynced => _unsynced.Count;

    public void Append(QuorumEntry[] batch)
    {
        Written.Append(batch);
        _unsynced.Add((batch, 0));
    }

    public void Truncate(long end)
    {
        Written.Truncate(end);
        _unsynced.Add((null, end));
    }

    public void Sync(int writes)
    {
        for (int index = 0; index < writes; index++)
        {
            if (_unsynced[index].Batch is { } batch)
            {
                Durable.Append(batch);
            }
            else
            {
                Durable.Truncate(_unsynced[index].End);
            }
        }

        _unsynced.RemoveRange(0, writes);
    }

    public void Install(QuorumSnapshot snapshot)
    {
        Snapshots[snapshot.Id.EndOffset.Value] = snapshot;
        Written.Install(snapshot);
        Durable.Install(snapshot);
        _unsynced.Clear();
    }

    public void TruncateFront(QuorumSnapshot snapshot)
    {
        Sync(_unsynced.Count);
        Written.TruncateFront(snapshot);
        Durable.TruncateFront(snapshot);
    }

    public void Crash(int keep)
    {
        Sync(keep);
        _unsynced.Clear();
        if (Snapshots.Count > 0 && Snapshots.Values.Last() is var latest && latest.Id.EndOffset.Value > Durable.End)
        {
            Durable.Install(latest);
        }

        Written = Durable.Clone();
    }

    public void Wipe()
    {
        _unsynced.Clear();
        Snapshots.Clear();
        Written = new QuorumLog();
        Durable = new QuorumLog();
        Election = ElectionState.Initial;
    }

    public RecoveredLog Recover() => new(Written.Start, new Offset(Written.End), Written.Epochs(), LatestSnapshot);
}
