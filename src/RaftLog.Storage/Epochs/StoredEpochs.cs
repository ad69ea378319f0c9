using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>What the file of a log's leader epochs holds, and whether that is enough. The flusher's own.</summary>
/// <param name="read">What was read from the file; null where that is not known.</param>
internal sealed class StoredEpochs(IReadOnlyList<EpochEntry>? read)
{
    private IReadOnlyList<EpochEntry>? _stored = read;
    private IReadOnlyList<EpochEntry>? _judged;
    private Offset _judgedEnd = Offset.None;

    /// <summary>
    /// True when the file holds all epochs that have records. An epoch without any need not be there: nothing can differ in it, and the
    /// next leadership begins anew. So a stop soon after a start, when each log has a new epoch and no record of it, writes nothing.
    /// </summary>
    /// <param name="entries">The log's epochs.</param>
    /// <param name="end">The log's end.</param>
    public bool Hold(IReadOnlyList<EpochEntry> entries, Offset end)
    {
        if (ReferenceEquals(_stored, entries) || (ReferenceEquals(_judged, entries) && end == _judgedEnd))
        {
            return true;
        }

        if (_stored is not { } stored || !IsEnough(stored, entries, end))
        {
            return false;
        }

        (_judged, _judgedEnd) = (entries, end);
        return true;
    }

    /// <summary>The file holds these now.</summary>
    public void Written(IReadOnlyList<EpochEntry> entries)
    {
        _stored = entries;
        _judged = null;
    }

    private static bool IsEnough(IReadOnlyList<EpochEntry> stored, IReadOnlyList<EpochEntry> entries, Offset end)
    {
        int withRecords = entries.Count;
        while (withRecords > 0 && entries[withRecords - 1].StartOffset >= end)
        {
            withRecords--;
        }

        // What the file has beyond that must be what the log has too: it would come back at the next start.
        if (stored.Count < withRecords || stored.Count > entries.Count)
        {
            return false;
        }

        for (int i = 0; i < stored.Count; i++)
        {
            if (stored[i] != entries[i])
            {
                return false;
            }
        }

        return true;
    }
}
