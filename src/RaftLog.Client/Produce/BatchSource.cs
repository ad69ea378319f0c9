using RaftLog.Platform.Waiting;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>Builders that wait to be used again, with their buffers; more than these give theirs back.</summary>
/// <param name="options">What batches look like.</param>
/// <param name="bufferBytes">
/// The most bytes of records that are here at once (buffer.memory): builders for as many wait to be used again, and no producer allocates
/// in the long run.
/// </param>
/// <param name="clock">The client's clock.</param>
/// <param name="isTransactional">True when they belong to transactions.</param>
internal sealed class BatchSource(RecordBatchOptions options, long bufferBytes, Waiters clock, bool isTransactional)
{
    private const int LeastSpare = 64;

    /// <summary>The most bytes of a batch before compression.</summary>
    public int BatchLimit => options.Limit;

    private readonly Lock _lock = new();
    private readonly int _maxSpare = (int)Math.Max(LeastSpare, bufferBytes / options.Limit);

    /// <summary>
    /// So many records have room in all spare lists together: every record takes more than a batch's header from the buffer, and a list
    /// has grown to at most twice what it held.
    /// </summary>
    private readonly long _maxSpareRecords = Math.Max(LeastSpare, 2 * bufferBytes / RecordBatch.HeaderSize);
    private readonly Stack<RecordBatchBuilder> _spare = new();
    private readonly Stack<List<RecordEnd>> _spareLists = new();
    private long _spareRecords;

    /// <summary>An empty batch.</summary>
    /// <param name="createdMs">When its first record came, on the client's clock; null for now.</param>
    public ProducerBatch NewBatch(long? createdMs)
    {
        List<RecordEnd>? ends;
        lock (_lock)
        {
            if (_spareLists.TryPop(out ends))
            {
                _spareRecords -= ends.Capacity;
            }
        }

        return new ProducerBatch(Rent(), ends ?? [], createdMs ?? clock.NowMs);
    }

    private RecordBatchBuilder Rent()
    {
        RecordBatchBuilder builder = RentAny();
        if (isTransactional)
        {
            builder.Attributes = builder.Attributes.AsTransactional();
        }

        return builder;
    }

    private RecordBatchBuilder RentAny()
    {
        lock (_lock)
        {
            if (_spare.TryPop(out RecordBatchBuilder? spare))
            {
                return spare;
            }
        }

        return new RecordBatchBuilder(options);
    }

    /// <summary>Takes back what a batch is made of, once its bytes are with nobody and its records have ended.</summary>
    public void Return(ProducerBatch batch)
    {
        RecordBatchBuilder builder = batch.Builder;
        builder.Reset();
        batch.Ends.Clear();
        lock (_lock)
        {
            if (_spareLists.Count < _maxSpare && _spareRecords + batch.Ends.Capacity <= _maxSpareRecords)
            {
                _spareLists.Push(batch.Ends);
                _spareRecords += batch.Ends.Capacity;
            }

            if (_spare.Count < _maxSpare)
            {
                _spare.Push(builder);
                return;
            }
        }

        builder.Dispose();
    }
}
