using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>Judges batches that this node built and gives them their place in a log. Under the partition's lock.</summary>
internal static class BuiltBatches
{
    /// <summary>
    /// Gives whole batches offsets and epoch, in place. The result is why they are rejected; null when they may be written.
    /// </summary>
    public static AppendResult? Assign(Span<byte> batches, PartitionLog log, LeaderEpoch epoch)
    {
        Span<byte> rest = batches;
        Offset next = log.EndOffset;
        while (MutableRecordBatch.Read(rest, out MutableRecordBatch batch) == BatchStatus.Complete)
        {
            SequenceVerdict verdict = Judge(batch.Batch, log.Producers);
            if (verdict.Error != ErrorCode.None)
            {
                return AppendResult.Rejected(verdict.Error, verdict.Message!);
            }

            batch.Assign(next, epoch);
            next = batch.Batch.NextOffset;
            rest = rest[batch.Batch.Size..];
        }

        Invariant.Holds(
            rest.IsEmpty && next != log.EndOffset,
            "S-06",
            $"this node built records for {log.Partition} that are not whole batches"
        );
        return null;
    }

    /// <summary>
    /// Gives a transaction's marker its place. The result is why it is rejected, or that it is there already; null when it may be written.
    /// </summary>
    public static AppendResult? AssignMarker(Span<byte> marker, PartitionLog log, short transactionVersion, LeaderEpoch epoch)
    {
        EndMarker end = default;
        bool isMarker =
            MutableRecordBatch.Read(marker, out MutableRecordBatch batch) == BatchStatus.Complete
            && EndMarker.TryRead(batch.Batch, out end);
        Invariant.Holds(isMarker, "S-08", $"this node built a batch for {log.Partition} that is no transaction marker");
        var header = new BatchHeader(batch.Batch, batch.Batch.Size);
        SequenceVerdict verdict = log.Producers.JudgeMarker(header, end.CoordinatorEpoch, transactionVersion, out bool isRepeated);
        if (verdict.Error != ErrorCode.None)
        {
            return AppendResult.Rejected(verdict.Error, verdict.Message!);
        }

        if (isRepeated)
        {
            return new AppendResult
            {
                BaseOffset = log.EndOffset - 1,
                LastOffset = log.EndOffset - 1,
                AppendTimeMs = -1,
                LogStartOffset = log.StartOffset,
                IsDuplicate = true,
            };
        }

        batch.Assign(log.EndOffset, epoch);
        return null;
    }

    private static SequenceVerdict Judge(RecordBatch batch, ProducerStates producers)
    {
        var header = new BatchHeader(batch, batch.Size);
        return EndMarker.TryRead(batch, out EndMarker marker)
            ? producers.JudgeMarker(header, marker.CoordinatorEpoch, transactionVersion: 0, out _)
            : producers.Judge(header, AppendOrigin.Coordinator);
    }
}
