using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// Which leader epochs a log has seen, and where each began (KIP-101). Epochs and start offsets both grow strictly from entry to entry.
/// Changed only by the log's one writer; read by anyone without a lock.
/// </summary>
public sealed partial class LeaderEpochs
{
    private volatile EpochEntry[] _entries = [];

    /// <summary>The entries, oldest first.</summary>
    public IReadOnlyList<EpochEntry> Entries => _entries;

    /// <summary>The newest epoch; <see cref="LeaderEpoch.None"/> for a log that has seen none.</summary>
    public LeaderEpoch Latest => _entries is [.., { } last] ? last.Epoch : LeaderEpoch.None;

    /// <summary>Grows with every change; what was written to a file under the same number is still true.</summary>
    internal int Version { get; private set; }

    /// <summary>
    /// The largest epoch not above the one asked for, and where it ends: at the next epoch's start, or at the log's end for the newest.
    /// </summary>
    /// <param name="requested">The epoch asked for.</param>
    /// <param name="logEnd">The log's end offset.</param>
    public StoredEpochEnd EndOf(LeaderEpoch requested, Offset logEnd)
    {
        EpochEntry[] entries = _entries;
        for (int i = entries.Length - 1; i >= 0; i--)
        {
            if (entries[i].Epoch <= requested)
            {
                return new StoredEpochEnd(entries[i].Epoch, i == entries.Length - 1 ? logEnd : entries[i + 1].StartOffset);
            }
        }

        return StoredEpochEnd.Unknown;
    }

    /// <summary>
    /// The epoch in which the record at an offset was appended; <see cref="LeaderEpoch.None"/> when the log no longer knows.
    /// </summary>
    public LeaderEpoch At(Offset offset)
    {
        EpochEntry[] entries = _entries;
        for (int i = entries.Length - 1; i >= 0; i--)
        {
            if (entries[i].StartOffset <= offset)
            {
                return entries[i].Epoch;
            }
        }

        return LeaderEpoch.None;
    }

    /// <summary>
    /// Notes that an epoch begins at an offset. Ignored for an epoch that is there or older than the newest; an older epoch that began at
    /// or after this offset without leaving a record is replaced.
    /// </summary>
    internal void Assign(LeaderEpoch epoch, Offset startOffset)
    {
        if (epoch <= Latest || epoch == LeaderEpoch.None)
        {
            return;
        }

        int kept = _entries.Length;
        while (kept > 0 && _entries[kept - 1].StartOffset >= startOffset)
        {
            kept--;
        }

        Replace([.. _entries.AsSpan(0, kept), new EpochEntry(epoch, startOffset)]);
    }

    /// <summary>Drops the epochs that begin at or after an offset: what they held was truncated, or never was.</summary>
    internal void TruncateFromEnd(Offset end)
    {
        int kept = _entries.Length;
        while (kept > 0 && _entries[kept - 1].StartOffset >= end)
        {
            kept--;
        }

        if (kept < _entries.Length)
        {
            Replace(_entries[..kept]);
        }
    }

    /// <summary>Drops the epochs that end at or before an offset; the one that covers it now begins there.</summary>
    internal void TruncateFromStart(Offset start)
    {
        int covering = Array.FindLastIndex(_entries, entry => entry.StartOffset <= start);
        if (covering < 0 || (covering == 0 && _entries[0].StartOffset == start))
        {
            return;
        }

        SeededBugForgetsFirst(ref covering, _entries.Length);
        EpochEntry[] kept = _entries[covering..];
        kept[0] = kept[0] with { StartOffset = start };
        Replace(kept);
    }

    static partial void SeededBugForgetsFirst(ref int covering, int count);

    /// <summary>Forgets everything.</summary>
    internal void Clear() => Replace([]);

    /// <summary>Takes over entries from a checkpoint; false, and nothing is taken over, when they do not grow strictly.</summary>
    internal bool TryRestore(IReadOnlyList<EpochEntry> entries)
    {
        for (int i = 1; i < entries.Count; i++)
        {
            if (entries[i].Epoch <= entries[i - 1].Epoch || entries[i].StartOffset <= entries[i - 1].StartOffset)
            {
                return false;
            }
        }

        Replace([.. entries]);
        return true;
    }

    private void Replace(EpochEntry[] entries)
    {
        _entries = entries;
        Version++;
    }
}
