using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>Builders that wait to be used again, with their buffers; more than these give theirs back.</summary>
/// <param name="options">What batches look like.</param>
/// <param name="isTransactional">True when they belong to transactions.</param>
internal sealed class BatchSource(RecordBatchOptions options, bool isTransactional = false)
{
    private const int MaxSpare = 64;

    /// <summary>The most bytes of a batch before compression.</summary>
    public int BatchLimit => options.Limit;

    private readonly Lock _lock = new();
    private readonly Stack<RecordBatchBuilder> _spare = new();

    public RecordBatchBuilder Rent()
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

    public void Return(RecordBatchBuilder builder)
    {
        builder.Reset();
        lock (_lock)
        {
            if (_spare.Count < MaxSpare)
            {
                _spare.Push(builder);
                return;
            }
        }

        builder.Dispose();
    }
}
