using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>The marker that ends a transaction in one partition (KIP-98), as it stands in a control batch.</summary>
/// <param name="Type">Commit or abort.</param>
/// <param name="CoordinatorEpoch">The epoch of the coordinator that wrote it.</param>
internal readonly record struct EndMarker(ControlRecordType Type, LeaderEpoch CoordinatorEpoch)
{
    /// <summary>Reads the marker of a batch; false for any other batch.</summary>
    public static bool TryRead(RecordBatch batch, out EndMarker marker)
    {
        marker = default;
        if (!batch.Attributes.IsControl || !batch.ProducerId.IsPresent)
        {
            return false;
        }

        var records = new RecordReader(batch, batch.Section);
        if (
            !records.MoveNext()
            || !ControlRecordKey.TryRead(records.Current.Key, out ControlRecordKey key)
            || key.Type is not (ControlRecordType.Abort or ControlRecordType.Commit)
            || !EndTransactionMarker.TryRead(records.Current.Value, out EndTransactionMarker value)
        )
        {
            return false;
        }

        marker = new EndMarker(key.Type, value.CoordinatorEpoch);
        return true;
    }
}

/// <summary>What a batch in the log means for producers and transactions, the same for leader, follower and recovery.</summary>
internal static class BatchEffects
{
    /// <summary>Applies a batch.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="producers">What is known of producers.</param>
    /// <param name="transactions">Takes an aborted transaction; null when the index holds it already.</param>
    public static void Apply(RecordBatch batch, ProducerStates producers, TransactionIndex? transactions)
    {
        if (!batch.ProducerId.IsPresent)
        {
            return;
        }

        var header = new BatchHeader(batch, batch.Size);
        if (!batch.Attributes.IsControl)
        {
            producers.Apply(header);
        }
        else if (
            EndMarker.TryRead(batch, out EndMarker marker)
            && producers.ApplyMarker(header, marker.Type, marker.CoordinatorEpoch) is { } aborted
        )
        {
            transactions?.Append(aborted);
        }
    }

    /// <summary>True when one of some batches aborts a transaction, so that <see cref="Apply"/> may write to the index.</summary>
    public static bool MayAbort(ReadOnlySpan<byte> batches)
    {
        while (RecordBatch.Read(batches, out RecordBatch batch) == BatchStatus.Complete)
        {
            if (batch.Attributes.IsControl && EndMarker.TryRead(batch, out EndMarker marker) && marker.Type == ControlRecordType.Abort)
            {
                return true;
            }

            batches = batches[batch.Size..];
        }

        return false;
    }
}
