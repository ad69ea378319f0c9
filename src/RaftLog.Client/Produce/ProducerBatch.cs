using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Produce;

/// <summary>
/// The records of one partition that are sent, retried and answered together. Guarded by the lock of its <see cref="PartitionQueue"/>
/// while it is open; then it belongs to whoever took it.
/// </summary>
internal sealed class ProducerBatch(RecordBatchBuilder builder, List<RecordEnd> ends, long createdMs)
{
    private readonly List<Wait> _flushes = [];
    private Memory<byte> _sealed;

    public RecordBatchBuilder Builder => builder;

    /// <summary>Who hears of the end of its records, in order.</summary>
    public List<RecordEnd> Ends => ends;

    /// <summary>When the first record came, on the client's clock.</summary>
    public long CreatedMs => createdMs;

    public int Count => builder.Count;

    /// <summary>Bytes taken from the budget for its records.</summary>
    public long Reserved { get; private set; }

    /// <summary>Failed attempts so far.</summary>
    public int Attempts { get; set; }

    /// <summary>What came of the last failed attempt.</summary>
    public string? LastFailure { get; set; }

    /// <summary>True when an attempt ended without a response, so that the batch may stand in the log.</summary>
    public bool MaybeAppended { get; set; }

    /// <summary>Producer, epoch and sequence that it was sealed with.</summary>
    public ProducerStamp Stamp { get; private set; } = ProducerStamp.None;

    /// <summary>Why it is given up, and what came of the last attempt to send it.</summary>
    public KafkaException Unacknowledged(ErrorCode code, string why) =>
        new(code, LastFailure is null ? why : $"{why}; attempt {Attempts} failed: {LastFailure}");

    public bool IsSealed => !_sealed.IsEmpty;

    public Memory<byte> Bytes => _sealed;

    public bool TryAppend(in ProducerRecord record, long timestampMs, long reserved, RecordEnd end)
    {
        if (!builder.TryAppend(timestampMs, record.Key, record.Value, record.Headers.Span))
        {
            return false;
        }

        Reserved += reserved;
        ends.Add(end);
        return true;
    }

    /// <summary>Writes the header, or writes it anew with another producer.</summary>
    public void Seal(ProducerStamp stamp)
    {
        if (!IsSealed)
        {
            builder.Producer = stamp;
            _sealed = builder.Seal();
        }
        else if (stamp != Stamp)
        {
            MutableRecordBatch.Read(_sealed.Span, out MutableRecordBatch batch);
            batch.SetProducer(stamp);
        }

        Stamp = stamp;
    }

    /// <summary>Reads every record with who hears of its end, to hand it over anew, and leaves the batch empty.</summary>
    /// <param name="limit">The most bytes of a batch before compression.</param>
    /// <param name="handOver">Takes a record, whose memory it may keep, its time, and who hears of its end.</param>
    public void Dissolve(int limit, Action<ProducerRecord, RecordEnd> handOver)
    {
        if (!IsSealed)
        {
            Seal(ProducerStamp.None);
        }

        RecordBatch.Read(_sealed.Span, out RecordBatch batch);
        int index = 0;
        using RecordSection section = RecordSection.Open(batch, limit);
        foreach (Record record in section)
        {
            handOver(
                new ProducerRecord(record.Key.ToArray(), record.Value.ToArray())
                {
                    Headers = HeadersOf(record),
                    TimestampMs = record.Timestamp,
                },
                ends[index++]
            );
        }

        ends.Clear();
    }

    /// <summary>Divides a sealed batch into two of half as many records, which take over everything but its bytes.</summary>
    public IReadOnlyList<ProducerBatch> Split(BatchSource source)
    {
        RecordBatch.Read(_sealed.Span, out RecordBatch batch);
        ProducerBatch first = source.NewBatch(createdMs);
        ProducerBatch second = source.NewBatch(createdMs);
        int half = ends.Count / 2;
        int index = 0;
        using RecordSection section = RecordSection.Open(batch, source.BatchLimit);
        foreach (Record record in section)
        {
            (index < half ? first : second).Copy(record, ends[index]);
            index++;
        }

        first.Reserved = Reserved / 2;
        second.Reserved = Reserved - first.Reserved;
        second._flushes.AddRange(_flushes);
        return [first, second];
    }

    /// <summary>Ends <paramref name="flush"/> with the batch.</summary>
    public void AddFlush(Wait flush) => _flushes.Add(flush);

    public void Succeed(int partition, Offset baseOffset)
    {
        for (int i = 0; i < ends.Count; i++)
        {
            ends[i].Succeed(partition, baseOffset == Offset.None ? Offset.None : baseOffset + i);
        }

        EndFlushes();
    }

    public void Fail(KafkaException reason)
    {
        foreach (RecordEnd end in ends)
        {
            end.Fail(reason);
        }

        EndFlushes();
    }

    private void Copy(Record record, RecordEnd end)
    {
        bool fits = builder.TryAppend(record.Timestamp, record.Key, record.Value, HeadersOf(record));
        Invariant.Holds(fits, "C-01", "half of a batch does not fit into a batch");
        ends.Add(end);
    }

    private static RecordHeader[] HeadersOf(Record record)
    {
        RecordHeader[] headers = new RecordHeader[record.Headers.Count];
        int i = 0;
        foreach (RecordHeaders header in record.Headers)
        {
            headers[i++] = new RecordHeader(header.Key, header.Value.ToArray());
        }

        return headers;
    }

    /// <summary>Ends the flushes that wait for the batch.</summary>
    public void EndFlushes()
    {
        foreach (Wait flush in _flushes)
        {
            flush.TryComplete(WaitOutcome.Ready);
        }
    }
}
