using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// What the file of leader epochs says of a log that is scanned anew. Compaction takes the first records of an epoch, and all of others;
/// where they were, only the file tells. It is believed for the gap before a batch whose epoch it knows: then it is no older than what it
/// says of the epochs before.
/// </summary>
/// <param name="entries">The entries of the file, oldest first.</param>
internal sealed class ClaimedEpochs(IReadOnlyList<EpochEntry> entries)
{
    /// <summary>Notes the epochs that began in the gap before a batch, that of the batch included.</summary>
    /// <param name="epochs">What the scan has found.</param>
    /// <param name="epoch">The batch's epoch.</param>
    /// <param name="baseOffset">Where the batch begins.</param>
    /// <param name="end">Where the batch before it ends.</param>
    public void AssignBefore(LeaderEpochs epochs, LeaderEpoch epoch, Offset baseOffset, Offset end)
    {
        if (epoch <= epochs.Latest)
        {
            return;
        }

        int own = 0;
        while (own < entries.Count && entries[own].Epoch < epoch)
        {
            own++;
        }

        if (own == entries.Count || entries[own].Epoch != epoch || entries[own].StartOffset > baseOffset)
        {
            return;
        }

        for (int i = 0; i <= own; i++)
        {
            if (i == own || entries[i + 1].StartOffset > end)
            {
                epochs.Assign(entries[i].Epoch, Offset.Max(entries[i].StartOffset, end));
            }
        }
    }
}
