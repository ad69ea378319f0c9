namespace RaftLog.Protocol.Records;

/// <summary>
/// The batches of a buffer, one after the other. Stops at the first place where no whole batch stands; <see cref="Status"/> then says why
/// and <see cref="Position"/> where. A torn tail is ordinary: a fetch may end in the middle of a batch.
/// </summary>
/// <param name="buffer">Bytes from anyone.</param>
public ref struct RecordBatches(ReadOnlySpan<byte> buffer)
{
    private readonly ReadOnlySpan<byte> _buffer = buffer;
    private int _next;

    /// <summary>The batch of the last successful <see cref="MoveNext"/>.</summary>
    public RecordBatch Current { get; private set; }

    /// <summary>Where <see cref="Current"/> starts; after the last batch, where the rest starts.</summary>
    public int Position { get; private set; }

    /// <summary>What stands at <see cref="Position"/>: a batch, the end, or the reason why there is no batch.</summary>
    public BatchStatus Status { get; private set; }

    /// <summary>Moves to the next batch; false at the end and at the first bytes that are no whole batch.</summary>
    public bool MoveNext()
    {
        Position = _next;
        Status = RecordBatch.Read(_buffer[_next..], out RecordBatch batch);
        Current = batch;
        _next += batch.Size;
        return Status == BatchStatus.Complete;
    }

    /// <summary>For <c>foreach</c>, when nobody asks how it ended.</summary>
    public readonly RecordBatches GetEnumerator() => this;
}
