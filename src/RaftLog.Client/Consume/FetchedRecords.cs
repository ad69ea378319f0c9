using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Consume;

/// <summary>
/// What one fetch brought of one partition. Its records are read with <c>foreach</c>, as views that live until <see cref="Dispose"/>:
/// dispose it when done, since its memory counts against what may be fetched ahead.
/// </summary>
public sealed class FetchedRecords : IDisposable
{
    private readonly FetchedFrame _frame;
    private readonly Action<FetchedRecords> _disposed;
    private readonly ConsumerOptions _options;
    private readonly List<FetchResponse.AbortedTransaction>? _aborted;
    private readonly ReadOnlyMemory<byte> _batches;
    private readonly Offset _from;
    private int _isDisposed;

    internal FetchedRecords(
        TopicPartition partition,
        Offset from,
        FetchExtent extent,
        LeaderEpoch leadership,
        FetchResponse.PartitionData data,
        Offset end,
        FetchedFrame frame,
        ConsumerOptions options,
        Action<FetchedRecords> disposed
    )
    {
        Partition = partition;
        Next = extent.Next;
        Count = extent.Count;
        HighWatermark = end;
        Leadership = leadership;
        _from = from;
        _batches = data.Records is { } records ? records[..extent.Bytes] : default;
        _aborted = options.ReadCommitted ? data.AbortedTransactions : null;
        _frame = frame;
        _options = options;
        _disposed = disposed;
        frame.Retain();
    }

    /// <summary>The partition.</summary>
    public TopicPartition Partition { get; }

    /// <summary>The offset behind these records: where reading goes on.</summary>
    public Offset Next { get; }

    /// <summary>
    /// The end of what may be read (of what transactions have decided, where only that is read) when they were fetched; less
    /// <see cref="Next"/> it is the reader's lag.
    /// </summary>
    public Offset HighWatermark { get; }

    /// <summary>
    /// The leader epoch that the fetch named, so the one in which it was answered; <see cref="LeaderEpoch.None"/> where the cluster did not
    /// tell it.
    /// </summary>
    public LeaderEpoch Leadership { get; }

    /// <summary>
    /// At most so many records: how many the batches hold, though some may be markers, lie before the position, or belong to aborted
    /// transactions.
    /// </summary>
    internal int Count { get; }

    /// <summary>The bytes of the batches.</summary>
    public int Bytes => _batches.Length;

    /// <summary>The position that they were fetched for.</summary>
    internal ReadPosition? Position { get; set; }

    /// <summary>True while the bytes count against what may be fetched ahead.</summary>
    internal bool IsCounted { get; set; }

    /// <summary>Reads the records.</summary>
    public RecordViews GetEnumerator()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        return new RecordViews(
            Partition,
            _from,
            _batches.Span,
            _aborted is null ? null : new AbortedTransactions(_aborted),
            _options.MaxBatchBytes
        );
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            _frame.Release();
            _disposed(this);
        }
    }
}
