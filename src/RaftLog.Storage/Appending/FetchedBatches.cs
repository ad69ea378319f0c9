using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>What a follower demands of the batches that its leader sends.</summary>
internal static class FetchedBatches
{
    /// <summary>Checks the records of one partition of a Fetch response. The result is null when nothing stands against them.</summary>
    /// <param name="records">The bytes.</param>
    /// <param name="end">The end of the follower's log.</param>
    /// <param name="currentEpoch">The epoch in which it fetched: nothing of a later one is taken (KAFKA-18723).</param>
    /// <param name="length">
    /// The bytes to append: whole batches, and none where there is nothing to take. A batch that <see cref="IsFar"/> is the first of them
    /// or not among them.
    /// </param>
    public static AppendResult? Check(ReadOnlySpan<byte> records, Offset end, LeaderEpoch currentEpoch, out int length)
    {
        length = 0;
        while (
            BatchHeader.TryRead(records[length..], out BatchHeader batch)
            && batch.TotalBytes <= records.Length - length
            && batch.Epoch <= currentEpoch
        )
        {
            if (!BatchHeader.IsIntact(records.Slice(length, batch.TotalBytes)))
            {
                return AppendResult.Rejected(ErrorCode.CorruptMessage, $"the leader sent a damaged batch at offset {batch.BaseOffset}");
            }

            if (batch.BaseOffset < end)
            {
                return AppendResult.Rejected(
                    ErrorCode.InvalidRecord,
                    $"the leader sent offset {batch.BaseOffset} to a log that ends at {end}"
                );
            }

            if (length > 0 && IsFar(batch, end))
            {
                break;
            }

            end = batch.NextOffset;
            length += batch.TotalBytes;
        }

        return RecordBatch.Read(records[length..], out RecordBatch next) == BatchStatus.Complete && next.LastOffsetDelta < 0
            ? AppendResult.Rejected(ErrorCode.CorruptMessage, $"the leader sent a damaged batch at offset {next.BaseOffset}")
            : null;
    }

    /// <summary>
    /// True where compaction has left so little before a batch that no segment can hold it which begins at the end of the follower's log.
    /// </summary>
    public static bool IsFar(in BatchHeader batch, Offset end) => batch.LastOffset - end > int.MaxValue;
}
