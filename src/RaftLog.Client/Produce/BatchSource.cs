using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>Builders that wait to be used again, with their buffers; more than these give theirs back.</summary>
internal sealed class BatchSource(RecordBatchOptions options)
{
    private const int MaxSpare = 64;

    /// <summary>The most bytes of a batch before compression.</summary>
    public int BatchLimit => options.Limit;

    private readonly Lock _lock = new();
    private readonly Stack<RecordBatchBuilder> _spare = new();

    public RecordBatchBuilder Rent()
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
