using RaftLog.Protocol;

namespace RaftLog.Raft.Tests.Simulation;

/// <summary>One record, with a hash of everything up to and including it.</summary>
internal readonly record struct Entry(LeaderEpoch Epoch, long Value, ulong Hash);

/// <summary>The content of a log: what is behind its start is known by its hash only.</summary>
internal sealed class LogImage
{
    private readonly List<Entry> _entries = [];
    private ulong _startHash;

    public SnapshotId Start { get; private set; } = SnapshotId.None;

    public long End => Start.EndOffset.Value + _entries.Count;

    public LeaderEpoch LastEpoch => _entries.Count > 0 ? _entries[^1].Epoch : Start.Epoch;

    public static ulong Chain(ulong before, LeaderEpoch epoch, long value)
    {
        ulong mixed = before ^ ((ulong)(uint)epoch.Value << 40) ^ (ulong)value;
        mixed = (mixed ^ (mixed >> 31)) * 0x9E3779B97F4A7C15UL;
        return mixed ^ (mixed >> 29);
    }

    public Entry At(long offset) => _entries[(int)(offset - Start.EndOffset.Value)];

    /// <summary>The hash of everything below the offset, or null when the image does not hold it.</summary>
    public ulong? HashBelow(long offset)
    {
        long start = Start.EndOffset.Value;
        return offset == start ? _startHash
            : offset < start || offset > End ? null
            : _entries[(int)(offset - start - 1)].Hash;
    }

    public LeaderEpoch EpochBelow(long offset) => offset == Start.EndOffset.Value ? Start.Epoch : At(offset - 1).Epoch;

    public Entry Next(LeaderEpoch epoch, long value) => new(epoch, value, Chain(HashBelow(End)!.Value, epoch, value));

    public void Append(Entry entry) => _entries.Add(entry);

    public void Truncate(long end) => _entries.RemoveRange((int)(end - Start.EndOffset.Value), (int)(End - end));

    public void CutFront(SnapshotId start, ulong hash)
    {
        long cut = start.EndOffset.Value - Start.EndOffset.Value;
        if (cut > 0)
        {
            _entries.RemoveRange(0, (int)Math.Min(cut, _entries.Count));
            Start = start;
            _startHash = hash;
        }
    }

    public void Install(SnapshotId snapshot, ulong hash)
    {
        _entries.Clear();
        Start = snapshot;
        _startHash = hash;
    }

    public LogImage Clone()
    {
        var copy = new LogImage { Start = Start, _startHash = _startHash };
        copy._entries.AddRange(_entries);
        return copy;
    }

    public List<EpochStart> Epochs()
    {
        List<EpochStart> epochs = [];
        for (int index = 0; index < _entries.Count; index++)
        {
            if (epochs.Count == 0 || epochs[^1].Epoch != _entries[index].Epoch)
            {
                epochs.Add(new EpochStart(_entries[index].Epoch, new Offset(Start.EndOffset.Value + index)));
            }
        }

        return epochs;
    }
}

/// <summary>A disk: what programs read, what is safe, and the writes between. A crash keeps any prefix of those.</summary>
internal sealed class SimDisk
{
    private readonly List<(bool IsAppend, Entry Entry, long End)> _unsynced = [];

    public LogImage Written { get; private set; } = new();

    public LogImage Durable { get; private set; } = new();

    public ElectionState Election { get; set; } = ElectionState.Initial;

    public SortedDictionary<long, (SnapshotId Id, ulong Hash)> Snapshots { get; } = [];

    public SnapshotId LatestSnapshot => Snapshots.Count == 0 ? SnapshotId.None : Snapshots.Values.Last().Id;

    public int Unsynced => _unsynced.Count;

    public void Append(Entry entry)
    {
        Written.Append(entry);
        _unsynced.Add((true, entry, 0));
    }

    public void Truncate(long end)
    {
        Written.Truncate(end);
        _unsynced.Add((false, default, end));
    }

    public void Sync(int writes)
    {
        for (int index = 0; index < writes; index++)
        {
            if (_unsynced[index].IsAppend)
            {
                Durable.Append(_unsynced[index].Entry);
            }
            else
            {
                Durable.Truncate(_unsynced[index].End);
            }
        }

        _unsynced.RemoveRange(0, writes);
    }

    public void Install(SnapshotId id, ulong hash)
    {
        Snapshots[id.EndOffset.Value] = (id, hash);
        Written.Install(id, hash);
        Durable.Install(id, hash);
        _unsynced.Clear();
    }

    public void CutFront(SnapshotId id, ulong hash)
    {
        Sync(_unsynced.Count);
        Written.CutFront(id, hash);
        Durable.CutFront(id, hash);
    }

    public void Crash(int keep)
    {
        Sync(keep);
        _unsynced.Clear();
        if (Snapshots.Count > 0 && Snapshots.Values.Last() is var (id, hash) && id.EndOffset.Value > Durable.End)
        {
            Durable.Install(id, hash);
        }

        Written = Durable.Clone();
    }

    public void Wipe()
    {
        _unsynced.Clear();
        Snapshots.Clear();
        Written = new LogImage();
        Durable = new LogImage();
        Election = ElectionState.Initial;
    }

    public RecoveredLog Recover() => new(Written.Start, new Offset(Written.End), Written.Epochs(), LatestSnapshot);
}
