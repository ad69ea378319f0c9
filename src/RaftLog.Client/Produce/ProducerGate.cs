using RaftLog.Client.Transactions;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>
/// Whether a producer takes a record now: it is open, the record fits into a batch, and a transaction is open where one must be.
/// </summary>
internal sealed class ProducerGate(ProducerOptions options, ProduceSender sender, TransactionFlow? transactions)
{
    private bool _isClosed;

    /// <summary>The most bytes that a record may take of a batch, and of the buffer.</summary>
    public static long SizeOf(in ProducerRecord record) =>
        RecordBatchBuilder.LargestRecordSize(record.Key, record.Value, record.Headers.Span) + RecordBatch.HeaderSize;

    /// <summary>Takes no more records; false when it takes none already.</summary>
    public bool TryClose() => !Interlocked.Exchange(ref _isClosed, true);

    /// <summary>Why a record of this size is not taken, or null.</summary>
    /// <param name="topic">Its topic.</param>
    /// <param name="size">What <see cref="SizeOf"/> says of it.</param>
    /// <param name="transaction">The transaction that it belongs to then.</param>
    public KafkaException? WhyNot(string topic, long size, out long transaction)
    {
        transaction = 0;
        if (Volatile.Read(ref _isClosed) || sender.IsClosed)
        {
            return ProducerErrors.Closed();
        }

        int limit = options.LargestBatch;
        return size <= limit ? transactions?.WhyNotWrite(out transaction) : ProducerErrors.TooLarge(topic, size, limit);
    }
}
