using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>
/// Follows transactions while a log is cleaned from its start: records of aborted ones go, and a marker may go once nothing of its
/// transaction is left. Batches are shown in the order of their offsets.
/// </summary>
internal sealed class CleanedTransactions
{
    private readonly PriorityQueue<AbortedTransaction, long> _coming = new();
    private readonly Dictionary<long, Aborted> _aborted = [];
    private readonly HashSet<long> _committed = [];

    /// <summary>Takes the aborted transactions that begin or end in the part that comes next. One may be named again and again.</summary>
    public void Expect(IReadOnlyList<AbortedTransaction> transactions)
    {
        foreach (AbortedTransaction transaction in transactions)
        {
            _coming.Enqueue(transaction, transaction.FirstOffset.Value);
        }
    }

    /// <summary>A data batch comes by; true when it belongs to an aborted transaction.</summary>
    public bool IsAborted(RecordBatch batch)
    {
        Begin(batch.LastOffset);
        if (!batch.Attributes.IsTransactional)
        {
            return false;
        }

        if (_aborted.TryGetValue(batch.ProducerId.Value, out Aborted? aborted))
        {
            aborted.HasData = true;
            return true;
        }

        _committed.Add(batch.ProducerId.Value);
        return false;
    }

    /// <summary>
    /// A control batch comes by; true when it ends a transaction of which no batch came by, so that it says nothing any more.
    /// <paramref name="kept"/> is the aborted
    /// transaction that must stay in the transaction index, as batches of it were seen.
    /// </summary>
    public bool IsEmptyEnd(RecordBatch batch, out AbortedTransaction? kept)
    {
        kept = null;
        Begin(batch.LastOffset);
        if (batch.RecordCount == 0)
        {
            return true;
        }

        if (!EndMarker.TryRead(batch, out EndMarker marker))
        {
            return false;
        }

        if (marker.Type == ControlRecordType.Commit)
        {
            return !_committed.Remove(batch.ProducerId.Value);
        }

        if (_aborted.Remove(batch.ProducerId.Value, out Aborted? aborted) && aborted.HasData)
        {
            kept = aborted.Transaction;
            return false;
        }

        return true;
    }

    private void Begin(Offset upTo)
    {
        while (_coming.TryPeek(out AbortedTransaction next, out long first) && first <= upTo.Value)
        {
            _coming.Dequeue();
            _aborted.TryAdd(next.ProducerId.Value, new Aborted(next));
        }
    }

    private sealed class Aborted(AbortedTransaction transaction)
    {
        public AbortedTransaction Transaction { get; } = transaction;

        public bool HasData { get; set; }
    }
}
