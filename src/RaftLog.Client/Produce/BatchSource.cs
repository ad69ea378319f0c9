using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>Builders that wait to be used again, with their buffers; more than these give theirs back.</summary>
/// <param name="options">What batches look like.</param>
/// <param name="isTransactional">True when they belong to transactions.</param>
internal sealed class BatchSource(RecordBatchOptions options, bool isTransactional = false)
{
    private const int MaxSpare = 64;
    private const int MaxSpareRecords = 1 << 15;

    /// <summary>The most bytes of a batch before compression.</summary>
    public int BatchLimit => options.Limit;

    private readonly Lock _lock = new();
    private readonly Stack<RecordBatchBuilder> _spare = new();
    private readonly Stack<List<RecordCompletion>> _spareLists = new();

    /// <summary>An empty batch.</summary>
    /// <param name="createdMs">When its first record comes, on the client's clock.</param>
    public ProducerBatch NewBatch(long createdMs)
    {
        List<RecordCompletion>? completions;
        lock (_lock)
        {
            _spareLists.TryPop(out completions);
        }

        return new ProducerBatch(Rent(), completions ?? [], createdMs);
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
        batch.Completions.Clear();
        lock (_lock)
        {
            if (_spareLists.Count < MaxSpare && batch.Completions.Capacity <= MaxSpareRecords)
            {
                _spareLists.Push(batch.Completions);
            }

            if (_spare.Count < MaxSpare)
            {
                _spare.Push(builder);
                return;
            }
        }

        builder.Dispose();
    }
}
