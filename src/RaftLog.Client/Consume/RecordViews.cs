using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Consume;

/// <summary>
/// Reads the records of fetched batches one after the other: those from the position on, without control records and without what an
/// aborted transaction wrote. Compressed batches are opened one at a time.
/// </summary>
public ref struct RecordViews
{
    private readonly TopicPartition _partition;
    private readonly Offset _from;
    private readonly AbortedTransactions? _aborted;
    private readonly int _maxBatchBytes;
    private RecordBatches _batches;
    private RecordSection _section;
    private RecordReader _records;
    private LeaderEpoch _epoch;
    private bool _isOpen;

    internal RecordViews(TopicPartition partition, Offset from, ReadOnlySpan<byte> batches, AbortedTransactions? aborted, int maxBatchBytes)
    {
        _partition = partition;
        _from = from;
        _batches = new RecordBatches(batches);
        _aborted = aborted;
        _maxBatchBytes = maxBatchBytes;
    }

    /// <summary>The record of the last successful <see cref="MoveNext"/>.</summary>
    public readonly RecordView Current => new(_partition, _epoch, _records.Current);

    /// <summary>Moves to the next record; false behind the last.</summary>
    /// <exception cref="ProtocolException">A record is damaged, though its batch matched its CRC, or a compressed batch grows over its
    /// limit.</exception>
    public bool MoveNext()
    {
        while (true)
        {
            while (_isOpen && _records.MoveNext())
            {
                if (_records.Current.Offset >= _from)
                {
                    return true;
                }
            }

            Dispose();
            if (!_batches.MoveNext())
            {
                return false;
            }

            RecordBatch batch = _batches.Current;
            bool isVoid = _aborted is not null && _aborted.Covers(batch);
            if (!isVoid && !batch.Attributes.IsControl && batch.LastOffset >= _from)
            {
                _section = RecordSection.Open(batch, _maxBatchBytes);
                _records = _section.GetEnumerator();
                _epoch = batch.PartitionLeaderEpoch;
                _isOpen = true;
            }
        }
    }

    /// <summary>Gives the buffer of a compressed batch back; <c>foreach</c> does so.</summary>
    public void Dispose()
    {
        if (_isOpen)
        {
            _isOpen = false;
            _section.Dispose();
        }
    }
}
