using RaftLog.Protocol;
using RaftLog.Protocol.Wire;
using RaftLog.Raft;

namespace RaftLog.Simulation.Cores;

/// <summary>One record, with a hash of everything up to and including it.</summary>
/// <param name="Epoch">The epoch that it was written in.</param>
/// <param name="Value">What tells it from every other record.</param>
/// <param name="Hash">Of the log up to and including it.</param>
/// <param name="EndsBatch">True for the last record of its batch.</param>
/// <param name="Record">What it says; null where only its identity matters, and for the opening of an epoch.</param>
internal readonly record struct QuorumEntry(LeaderEpoch Epoch, long Value, ulong Hash, bool EndsBatch, IMetadataRecord? Record);

/// <summary>A snapshot: what it stands for, and what it says.</summary>
internal sealed record QuorumSnapshot(SnapshotId Id, ulong Hash, object? Content);

/// <summary>The content of a log: what is behind its start is known by its hash only.</summary>
internal sealed class QuorumLog
{
    private readonly List<QuorumEntry> _entries = [];
    private ulong _startHash;

    public SnapshotId Start { get; private set; } = SnapshotId.None;

    public long End => Start.EndOffset.Value + _entries.Count;

    public static ulong Chain(ulong before, LeaderEpoch epoch, long value)
    {
        ulong mixed = before ^ ((ulong)(uint)epoch.Value << 40) ^ (ulong)value;
        mixed = (mixed ^ (mixed >> 31)) * 0x9E3779B97F4A7C15UL;
        return mixed ^ (mixed >> 29);
    }

    public QuorumEntry At(long offset) => _entries[(int)(offset - Start.EndOffset.Value)];

    /// <summary>The hash of everything below the offset, or null when the image does not hold it.</summary>
    public ulong? HashBelow(long offset)
    {
        long start = Start.EndOffset.Value;
        return offset == start ? _startHash
            : offset < start || offset > End ? null
            : _entries[(int)(offset - start - 1)].Hash;
    }

    public LeaderEpoch EpochBelow(long offset) => offset == Start.EndOffset.Value ? Start.Epoch : At(offset - 1).Epoch;

    public void Append(QuorumEntry[] batch) => _entries.AddRange(batch);

    public void Truncate(long end) => _entries.RemoveRange((int)(end - Start.EndOffset.Value), (int)(End - end));

    public void TruncateFront(QuorumSnapshot snapshot)
    {
        long cut = snapshot.Id.EndOffset.Value - Start.EndOffset.Value;
        if (cut > 0)
        {
            _entries.RemoveRange(0, (int)Math.Min(cut, _entries.Count));
            Start = snapshot.Id;
            _startHash = snapshot.Hash;
        }
    }

    public void Install(QuorumSnapshot snapshot)
    {
        _entries.Clear();
        Start = snapshot.Id;
        _startHash = snapshot.Hash;
    }

    public QuorumLog Clone()
    {
        var copy = new QuorumLog { Start = Start, _startHash = _startHash };
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
