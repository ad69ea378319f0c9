using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// A record: which leadership wrote it, and what it says. Producer and sequence make it recognisable when it is sent again.
/// </summary>
internal readonly record struct DataEntry(int Epoch, int Producer, int Sequence)
{
    public ulong Hash => ((ulong)(uint)Epoch << 40) ^ ((ulong)(uint)Producer << 32) ^ (uint)Sequence;
}

/// <summary>
/// A log on a disk that keeps only what was flushed. Each position knows the hash of all records below it, so two logs are compared in one
/// step.
/// </summary>
internal sealed class DataLog(bool flushesEachAppend = true) : IEpochHistory
{
    private readonly List<DataEntry> _entries = [];
    private readonly List<ulong> _prefixes = [0];
    private int _flushedEnd;

    public int End => _entries.Count;

    /// <summary>What survives: a power cut, or where the topic leaves flushing to the system, the end of the process.</summary>
    public int DurableEnd => flushesEachAppend ? _flushedEnd : End;

    /// <summary>True when there is something to flush that counts.</summary>
    public bool IsDirty => DurableEnd < End;

    /// <summary>Raised by truncation; a flush counts only for the generation it began in.</summary>
    public int Generation { get; private set; }

    public LogExtent Extent => new(Offset.Zero, new Offset(End), new Offset(DurableEnd));

    public LeaderEpoch Latest => End == 0 ? LeaderEpoch.None : new LeaderEpoch(_entries[^1].Epoch);

    public DataEntry this[int offset] => _entries[offset];

    public ulong PrefixHash(int end) => _prefixes[end];

    public void Append(DataEntry entry)
    {
        _entries.Add(entry);
        ulong mixed = (_prefixes[^1] ^ entry.Hash) * 0x9E3779B97F4A7C15UL;
        _prefixes.Add(mixed ^ (mixed >> 29));
    }

    public void Flushed(int end, int generation)
    {
        if (generation == Generation)
        {
            _flushedEnd = Math.Max(_flushedEnd, Math.Min(end, End));
        }
    }

    public void Truncate(int end)
    {
        Cut(end);
        _flushedEnd = Math.Min(_flushedEnd, end);
        Generation++;
    }

    /// <summary>A power cut: some of the unflushed tail may survive, and recovery then flushes it.</summary>
    public void LoseUnflushed(int surviving)
    {
        Cut(Math.Min(End, DurableEnd + surviving));
        _flushedEnd = End;
        Generation++;
    }

    public int Find(int producer, int sequence)
    {
        for (int offset = End - 1; offset >= 0; offset--)
        {
            if (_entries[offset].Producer == producer)
            {
                return _entries[offset].Sequence >= sequence ? Exact(producer, sequence, offset) : -1;
            }
        }

        return -1;
    }

    public EpochEnd EndOf(LeaderEpoch epoch)
    {
        int low = 0;
        int high = End;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_entries[middle].Epoch <= epoch.Value)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low == 0 ? EpochEnd.Unknown : new EpochEnd(new LeaderEpoch(_entries[low - 1].Epoch), new Offset(low));
    }

    private int Exact(int producer, int sequence, int from)
    {
        for (int offset = from; offset >= 0; offset--)
        {
            if (_entries[offset].Producer == producer && _entries[offset].Sequence == sequence)
            {
                return offset;
            }
        }

        return -1;
    }

    private void Cut(int end)
    {
        _entries.RemoveRange(end, End - end);
        _prefixes.RemoveRange(end + 1, _prefixes.Count - end - 1);
    }
}
