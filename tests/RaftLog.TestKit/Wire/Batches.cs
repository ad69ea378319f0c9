using System.Text;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Storage;

namespace RaftLog.TestKit;

/// <summary>Makes batches as producers and leaders send them, and reads logs back.</summary>
public static class Batches
{
    public const long Now = 1_700_000_000_000;

    /// <summary>A producer's batch of records with these values, one millisecond apart.</summary>
    public static Memory<byte> Of(params string[] values) => With(ProducerStamp.None, values);

    public static Memory<byte> With(ProducerStamp producer, params string[] values) =>
        With(producer, CompressionType.None, false, Now, values);

    public static Memory<byte> Transactional(ProducerStamp producer, params string[] values) =>
        With(producer, CompressionType.None, true, Now, values);

    public static Memory<byte> With(
        ProducerStamp producer,
        CompressionType compression,
        bool transactional,
        long timestamp,
        params string[] values
    )
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions(1 << 20, compression));
        builder.Producer = producer;
        if (transactional)
        {
            builder.Attributes = builder.Attributes.AsTransactional();
        }

        for (int i = 0; i < values.Length; i++)
        {
            Assert.True(builder.TryAppend(timestamp + i, NullableBytes.Null, Encoding.UTF8.GetBytes(values[i])));
        }

        return builder.Seal().ToArray();
    }

    public static Memory<byte> Marker(ControlRecordType type, ProducerStamp producer, int coordinatorEpoch, long timestamp = Now)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions(1 << 10));
        ControlBatch.AppendMarker(builder, timestamp, type, producer, new LeaderEpoch(coordinatorEpoch));
        return builder.Seal().ToArray();
    }

    /// <summary>The same batch as it stands in a leader's log.</summary>
    public static Memory<byte> At(long offset, int epoch, Memory<byte> batch)
    {
        byte[] copy = batch.ToArray();
        Assert.Equal(BatchStatus.Complete, MutableRecordBatch.Read(copy, out MutableRecordBatch mutable));
        mutable.Assign(new Offset(offset), new LeaderEpoch(epoch));
        return copy;
    }

    public static Memory<byte> Join(params Memory<byte>[] parts) => parts.SelectMany(part => part.ToArray()).ToArray();

    /// <summary>All batches below a limit as (base offset, epoch, values).</summary>
    public static List<(long Offset, int Epoch, string Value)> Records(PartitionLog log, Offset? upTo = null, int maxBytes = 1 << 20)
    {
        List<(long, int, string)> records = [];
        Offset from = log.StartOffset;
        Offset limit = upTo ?? log.EndOffset;
        while (from < limit)
        {
            ReadResult read = log.Read(from, maxBytes, limit, atLeastOneBatch: true);
            Assert.Equal(ErrorCode.None, read.Error);
            using LogSlice slice = read.Slice;
            if (slice.IsEmpty)
            {
                break;
            }

            byte[] bytes = new byte[slice.Length];
            int length = slice.Read(bytes);
            Assert.True(length > 0);
            foreach (RecordBatch batch in new RecordBatches(bytes.AsSpan(0, length)))
            {
                Assert.True(batch.HasValidChecksum);
                using RecordSection section = RecordSection.Open(batch, 1 << 24);
                foreach (Protocol.Records.Record record in section)
                {
                    if (record.Offset >= log.StartOffset)
                    {
                        records.Add((record.Offset.Value, batch.PartitionLeaderEpoch.Value, Encoding.UTF8.GetString(record.Value.Span)));
                    }
                }

                from = batch.NextOffset;
            }
        }

        return records;
    }

    /// <summary>The values of all records of whole batches.</summary>
    public static List<string> Values(ReadOnlySpan<byte> batches)
    {
        List<string> values = [];
        foreach (RecordBatch batch in new RecordBatches(batches))
        {
            using RecordSection section = RecordSection.Open(batch, 1 << 24);
            foreach (Protocol.Records.Record record in section)
            {
                values.Add(Encoding.UTF8.GetString(record.Value.Span));
            }
        }

        return values;
    }

    public static List<string> Values(PartitionLog log, Offset? upTo = null) => Records(log, upTo).ConvertAll(record => record.Value);

    /// <summary>The values of batches that match their checksum, read as a consumer reads: from where the last response ended.</summary>
    public static HashSet<string> IntactValues(PartitionLog log)
    {
        HashSet<string> values = [];
        for (Offset from = log.StartOffset; from < log.EndOffset; )
        {
            ReadResult read = log.Read(from, 1 << 20, log.EndOffset, atLeastOneBatch: true);
            using LogSlice slice = read.Slice;
            byte[] bytes = new byte[slice.Length];
            int length = slice.Read(bytes);
            Offset next = from;
            foreach (RecordBatch batch in new RecordBatches(bytes.AsSpan(0, length)))
            {
                if (!batch.HasValidChecksum)
                {
                    return values;
                }

                values.UnionWith(Values(batch.Bytes));
                next = batch.NextOffset;
            }

            if (next <= from)
            {
                return values;
            }

            from = next;
        }

        return values;
    }
}
