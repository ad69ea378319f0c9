using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Consume;

/// <summary>
/// Which batches of a fetch belong to aborted transactions (KIP-98): from a transaction's first offset to its abort marker, every
/// transactional batch of its producer.
/// </summary>
internal sealed class AbortedTransactions
{
    private readonly List<FetchResponse.AbortedTransaction> _upcoming;
    private readonly HashSet<ProducerId> _open = [];
    private int _next;

    public AbortedTransactions(List<FetchResponse.AbortedTransaction> aborted)
    {
        _upcoming = [.. aborted.OrderBy(transaction => transaction.FirstOffset)];
    }

    /// <summary>True when the next batch's records are void. Batches come in the order of the log, control batches too.</summary>
    public bool Covers(RecordBatch batch)
    {
        while (_next < _upcoming.Count && _upcoming[_next].FirstOffset <= batch.LastOffset)
        {
            _open.Add(_upcoming[_next++].ProducerId);
        }

        if (batch.Attributes.IsControl)
        {
            RecordReader records = new(batch, batch.Section);
            if (
                records.MoveNext()
                && ControlRecordKey.TryRead(records.Current.Key, out ControlRecordKey key)
                && key.Type == ControlRecordType.Abort
            )
            {
                _open.Remove(batch.ProducerId);
            }

            return false;
        }

        return batch.Attributes.IsTransactional && _open.Contains(batch.ProducerId);
    }
}
