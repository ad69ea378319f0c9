using RaftLog.Protocol;

namespace RaftLog.Raft.Tests;

/// <summary>A record of the model: the epoch that wrote it, and what it says.</summary>
internal readonly record struct ScriptedRecord(int Epoch, string Value);

/// <summary>What one replica has on its disk: the log, how much of it is flushed, the newest snapshot and the election state.</summary>
internal sealed class ScriptedLog
{
    private readonly List<ScriptedRecord> _records = [];

    public SnapshotId Start { get; private set; } = SnapshotId.None;

    public SnapshotId Snapshot { get; private set; } = SnapshotId.None;

    public ElectionState State { get; set; } = ElectionState.Initial;

    public long Flushed { get; private set; }

    public long End => Start.EndOffset.Value + _records.Count;

    public RecoveredLog Recovered => new(Start, new Offset(End), [.. Epochs], Snapshot);

    private IEnumerable<EpochStart> Epochs
    {
        get
        {
            int last = -1;
            for (int index = 0; index < _records.Count; index++)
            {
                if (_records[index].Epoch != last)
                {
                    last = _records[index].Epoch;
                    yield return new EpochStart(new LeaderEpoch(last), Start.EndOffset + index);
                }
            }
        }
    }

    public void Append(ScriptedRecord record) => _records.Add(record);

    public void Flush() => Flushed = End;

    public void Truncate(long end)
    {
        int keep = (int)(end - Start.EndOffset.Value);
        _records.RemoveRange(keep, _records.Count - keep);
        Flushed = Math.Min(Flushed, end);
    }

    public IReadOnlyList<ScriptedRecord> Read(Offset from, Offset to) => _records.GetRange((int)(from - Start.EndOffset), (int)(to - from));

    /// <summary>The epoch of the record just below an offset.</summary>
    public int EpochBefore(Offset offset) =>
        offset > Start.EndOffset ? _records[(int)(offset - Start.EndOffset) - 1].Epoch : Start.Epoch.Value;

    public void TakeSnapshot(SnapshotId snapshot) => Snapshot = snapshot;

    /// <summary>Removes the records that the newest snapshot holds.</summary>
    public void TrimToSnapshot()
    {
        _records.RemoveRange(0, (int)(Snapshot.EndOffset - Start.EndOffset));
        Start = Snapshot;
    }

    public void Install(SnapshotId snapshot)
    {
        _records.Clear();
        Start = snapshot;
        Snapshot = snapshot;
        Flushed = End;
    }

    /// <summary>The records by epoch, as in <c>1:[a b] 3:[c]</c>; a LeaderChange is shown as <c>*</c>.</summary>
    public override string ToString()
    {
        List<string> parts = [];
        if (Start.ReplacesRecords)
        {
            parts.Add($"snapshot {Start.EndOffset}-{Start.Epoch}");
        }

        foreach (IGrouping<int, ScriptedRecord> epoch in _records.GroupBy(record => record.Epoch))
        {
            parts.Add($"{epoch.Key}:[{string.Join(' ', epoch.Select(record => record.Value))}]");
        }

        return parts.Count == 0 ? "empty" : string.Join(' ', parts);
    }
}
