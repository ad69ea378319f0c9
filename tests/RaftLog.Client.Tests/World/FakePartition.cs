using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

/// <summary>A partition of the fake cluster: batches in a list, and the checks of an idempotent log.</summary>
internal sealed class FakePartition(int index, NodeId leader)
{
    /// <summary>How many batches of a producer a log remembers, as Kafka's does.</summary>
    private const int Remembered = 5;

    private readonly Dictionary<ProducerId, List<(ProducerEpoch Epoch, int First, int Last, Offset Base)>> _producers = [];

    public int Index => index;

    public NodeId Leader { get; set; } = leader;

    public LeaderEpoch Epoch { get; set; } = LeaderEpoch.Zero;

    public Offset Start { get; set; } = Offset.Zero;

    public Offset End { get; private set; } = Offset.Zero;

    public List<byte[]> Batches { get; } = [];

    /// <summary>The transactions that a fetch names as aborted.</summary>
    public List<FetchResponse.AbortedTransaction> Aborted { get; } = [];

    public IEnumerable<string> Values => Batches.SelectMany(Read);

    public (ErrorCode Error, Offset BaseOffset) Append(ReadOnlyMemory<byte> records)
    {
        byte[] bytes = records.ToArray();
        Assert.Equal(BatchStatus.Complete, MutableRecordBatch.Read(bytes, out MutableRecordBatch batch));
        Assert.True(batch.Batch.HasValidChecksum);
        Assert.Equal(bytes.Length, batch.Batch.Size);
        ProducerStamp stamp = batch.Batch.Producer;
        if (stamp.Id.IsPresent && stamp.BaseSequence >= 0)
        {
            List<(ProducerEpoch Epoch, int First, int Last, Offset Base)> known = _producers.GetValueOrDefault(stamp.Id, []);
            if (known.Count > 0 && stamp.Epoch < known[^1].Epoch)
            {
                return (ErrorCode.InvalidProducerEpoch, Offset.None);
            }

            known.RemoveAll(each => each.Epoch != stamp.Epoch);
            foreach ((_, int first, int last, Offset baseOffset) in known)
            {
                if (first == stamp.BaseSequence && last == batch.Batch.LastSequence)
                {
                    return (ErrorCode.None, baseOffset);
                }
            }

            if (stamp.BaseSequence != (known.Count > 0 ? ProducerStamp.Advance(known[^1].Last, 1) : 0))
            {
                return (ErrorCode.OutOfOrderSequenceNumber, Offset.None);
            }

            known.Add((stamp.Epoch, stamp.BaseSequence, batch.Batch.LastSequence, End));
            known.RemoveRange(0, Math.Max(0, known.Count - Remembered));
            _producers[stamp.Id] = known;
        }

        Offset at = End;
        Place(bytes);
        return (ErrorCode.None, at);
    }

    /// <summary>Puts a batch at the end of the log without any check.</summary>
    public void Place(byte[] bytes)
    {
        MutableRecordBatch.Read(bytes, out MutableRecordBatch batch);
        batch.Assign(End, Epoch);
        Batches.Add(bytes);
        End = batch.Batch.NextOffset;
    }

    /// <summary>Forgets what producers have sent, as a log does after its retention.</summary>
    public void ForgetProducers() => _producers.Clear();

    public byte[] From(Offset offset) => Batches.SkipWhile(bytes => Next(bytes) <= offset).SelectMany(bytes => bytes).ToArray();

    public (Offset Offset, long Timestamp) Find(long timestamp)
    {
        foreach (byte[] bytes in Batches)
        {
            RecordBatch.Read(bytes, out RecordBatch batch);
            using RecordSection section = RecordSection.Open(batch, 1 << 20);
            foreach (RaftLog.Protocol.Records.Record record in section)
            {
                if (record.Timestamp >= timestamp)
                {
                    return (record.Offset, record.Timestamp);
                }
            }
        }

        return (Offset.None, -1);
    }

    private static Offset Next(byte[] bytes)
    {
        RecordBatch.Read(bytes, out RecordBatch batch);
        return batch.NextOffset;
    }

    private static List<string> Read(byte[] bytes)
    {
        List<string> values = [];
        RecordBatch.Read(bytes, out RecordBatch batch);
        using RecordSection section = RecordSection.Open(batch, 1 << 20);
        foreach (RaftLog.Protocol.Records.Record record in section)
        {
            values.Add(System.Text.Encoding.UTF8.GetString(record.Value.Span));
        }

        return values;
    }
}
