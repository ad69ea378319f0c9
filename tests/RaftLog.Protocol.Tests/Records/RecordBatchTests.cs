using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;
using Record = RaftLog.Protocol.Records.Record;

namespace RaftLog.Protocol.Tests.Records;

public class RecordBatchTests
{
    private const int Limit = 1 << 20;

    [Property]
    public Property What_is_built_is_what_is_read()
    {
        Gen<byte[]?> bytes = Gen.Frequency(
            (1, Gen.Constant<byte[]?>(null)),
            (4, ArbMap.Default.GeneratorFor<byte[]>().Select(b => (byte[]?)b))
        );
        Gen<TestRecord> record =
            from timestamp in Gen.OneOf(Gen.Choose(-5, 5).Select(i => (long)i), ArbMap.Default.GeneratorFor<long>())
            from key in bytes
            from value in bytes
            from headers in bytes.Select(b => (Name: $"h{b?.Length}é", Value: b)).ArrayOf()
            select new TestRecord(timestamp, key, value, headers);
        Gen<(TestRecord[] Records, int Codec)> batch =
            from records in record.NonEmptyListOf()
            from codec in Gen.Choose(0, 4)
            select (records.ToArray(), codec);

        return Prop.ForAll(batch.ToArbitrary(), input => RoundTrips(input.Records, (CompressionType)input.Codec));
    }

    [Fact]
    public void Header_settings_stand_in_the_header()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(Limit));
        builder.BaseOffset = new Offset(5);
        builder.PartitionLeaderEpoch = new LeaderEpoch(6);
        builder.Producer = new ProducerStamp(new ProducerId(7), new ProducerEpoch(8), int.MaxValue);
        builder.Attributes = default(BatchAttributes).AsTransactional();
        builder.TryAppend(100, "k"u8, "v"u8);
        builder.TryAppend(90, "k"u8, NullableBytes.Null);

        RecordBatch.Read(builder.Seal().Span, out RecordBatch batch);

        Assert.True(batch.HasValidChecksum);
        Assert.Equal(new Offset(5), batch.BaseOffset);
        Assert.Equal(new Offset(6), batch.LastOffset);
        Assert.Equal(new LeaderEpoch(6), batch.PartitionLeaderEpoch);
        Assert.Equal(new ProducerStamp(new ProducerId(7), new ProducerEpoch(8), int.MaxValue), batch.Producer);
        Assert.Equal(0, batch.LastSequence);
        Assert.True(batch.Attributes.IsTransactional);
        Assert.Equal(100, batch.BaseTimestamp);
        Assert.Equal(100, batch.MaxTimestamp);
    }

    [Fact]
    public void A_builder_rejects_what_does_not_fit_and_keeps_what_it_has()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(100));
        Assert.True(builder.TryAppend(1, "key"u8, "value"u8));
        int size = builder.Size;
        Assert.False(builder.TryAppend(1, "key"u8, new byte[50]));
        Assert.Equal(1, builder.Count);
        Assert.Equal(size, builder.Seal().Length);
    }

    [Fact]
    public void A_builder_that_was_reset_starts_afresh()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(Limit, CompressionType.Lz4));
        builder.TryAppend(5, "a"u8, "b"u8);
        byte[] first = builder.Seal().ToArray();
        builder.Reset();
        builder.Producer = ProducerStamp.None;
        builder.TryAppend(5, "a"u8, "b"u8);
        Assert.Equal(first, builder.Seal().ToArray());
        Assert.Throws<InvalidOperationException>(() => builder.TryAppend(5, "a"u8, "b"u8));
    }

    [Fact]
    public void An_empty_batch_cannot_be_sealed()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(Limit));
        Assert.Throws<InvalidOperationException>(() => builder.Seal());
    }

    [Fact]
    public void A_rewritten_batch_keeps_its_gaps_and_the_offsets_it_covers()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(Limit));
        builder.BaseOffset = new Offset(1000);
        builder.TryAppendAt(3, 1, "a"u8, "b"u8, []);
        builder.TryAppendAt(7, 1, "c"u8, "d"u8, []);
        builder.CoverUpTo(9);

        RecordBatch.Read(builder.Seal().Span, out RecordBatch batch);

        Assert.Equal(new Offset(1009), batch.LastOffset);
        List<long> offsets = [];
        foreach (Record record in new RecordReader(batch, batch.Section))
        {
            offsets.Add(record.Offset.Value);
        }

        Assert.Equal([1003, 1007], offsets);
    }

    [Fact]
    public void Assigning_offset_and_epoch_leaves_the_checksum_valid()
    {
        byte[] bytes = Batch();
        Assert.Equal(BatchStatus.Complete, MutableRecordBatch.Read(bytes, out MutableRecordBatch mutable));
        uint before = mutable.Batch.Checksum;
        mutable.Assign(new Offset(12345), new LeaderEpoch(9));
        Assert.Equal(new Offset(12345), mutable.Batch.BaseOffset);
        Assert.Equal(new LeaderEpoch(9), mutable.Batch.PartitionLeaderEpoch);
        Assert.Equal(before, mutable.Batch.Checksum);
        Assert.True(mutable.Batch.HasValidChecksum);
    }

    [Fact]
    public void Append_time_is_the_time_of_every_record()
    {
        byte[] bytes = Batch();
        MutableRecordBatch.Read(bytes, out MutableRecordBatch mutable);
        mutable.SetMaxTimestamp(TimestampType.LogAppendTime, 777);
        Assert.True(mutable.Batch.HasValidChecksum);
        Assert.Equal(TimestampType.LogAppendTime, mutable.Batch.Attributes.TimestampType);
        foreach (Record record in new RecordReader(mutable.Batch, mutable.Batch.Section))
        {
            Assert.Equal(777, record.Timestamp);
        }
    }

    [Fact]
    public void A_producer_can_stamp_a_sealed_batch_anew()
    {
        byte[] bytes = Batch();
        MutableRecordBatch.Read(bytes, out MutableRecordBatch mutable);
        ProducerStamp stamp = new(new ProducerId(1), new ProducerEpoch(2), 3);
        mutable.SetProducer(stamp);
        Assert.Equal(stamp, mutable.Batch.Producer);
        Assert.True(mutable.Batch.HasValidChecksum);
    }

    [Fact]
    public void Any_flipped_bit_under_the_checksum_is_found()
    {
        byte[] bytes = Batch();
        for (int at = 21; at < bytes.Length; at++)
        {
            bytes[at] ^= 0x10;
            RecordBatch.Read(bytes, out RecordBatch batch);
            Assert.False(batch.HasValidChecksum);
            bytes[at] ^= 0x10;
        }
    }

    [Fact]
    public void A_torn_tail_ends_the_batches_cleanly_wherever_it_is_cut()
    {
        byte[] one = Batch();
        byte[] three = [.. one, .. one, .. one];
        for (int length = 0; length <= three.Length; length++)
        {
            RecordBatches batches = new(three.AsSpan(0, length));
            int whole = 0;
            while (batches.MoveNext())
            {
                Assert.Equal(whole * one.Length, batches.Position);
                whole++;
            }

            Assert.Equal(length / one.Length, whole);
            Assert.Equal(whole * one.Length, batches.Position);
            Assert.Equal(length % one.Length == 0 ? BatchStatus.End : BatchStatus.Torn, batches.Status);
        }
    }

    [Fact]
    public void Old_and_unknown_formats_and_impossible_lengths_are_told_apart()
    {
        Assert.Equal(BatchStatus.OldFormat, Read(bytes => bytes[16] = 0));
        Assert.Equal(BatchStatus.OldFormat, Read(bytes => bytes[16] = 1));
        Assert.Equal(BatchStatus.UnknownFormat, Read(bytes => bytes[16] = 3));
        Assert.Equal(BatchStatus.UnknownFormat, Read(bytes => bytes[16] = 255));
        Assert.Equal(BatchStatus.BadLength, Read(bytes => BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), 48)));
        Assert.Equal(BatchStatus.BadLength, Read(bytes => BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), -1)));
        Assert.Equal(BatchStatus.BadLength, Read(bytes => BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), int.MaxValue)));
        Assert.Equal(BatchStatus.BadLength, Read(bytes => BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), 0)));
        Assert.Equal(BatchStatus.Torn, Read(bytes => BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), int.MaxValue - 12)));

        static BatchStatus Read(Action<byte[]> change)
        {
            byte[] bytes = Batch();
            change(bytes);
            return RecordBatch.Read(bytes, out _);
        }
    }

    [Fact]
    public void The_walk_names_what_is_wrong()
    {
        Assert.Equal(RecordFault.None, Walk(_ => { }));
        Assert.Equal(RecordFault.CountMismatch, Walk(bytes => bytes[60] = 1));
        Assert.Equal(RecordFault.CountMismatch, Walk(bytes => bytes[60] = 0));
        Assert.Equal(RecordFault.Truncated, Walk(bytes => (bytes[26], bytes[60]) = (2, 3)));
        Assert.Equal(RecordFault.TrailingBytes, Walk(bytes => (bytes[26], bytes[60]) = (0, 1)));
        Assert.Equal(RecordFault.OffsetGap, Walk(bytes => bytes[64] = 2));
        Assert.Equal(RecordFault.BadLength, Walk(bytes => bytes[65] = 0x7e));
        Assert.Equal(RecordFault.BadLength, Walk(bytes => bytes[65] = 3));
        Assert.Equal(RecordFault.BadLength, Walk(bytes => bytes[71] = 0x7e));
        Assert.Equal(RecordFault.LengthMismatch, Walk(bytes => bytes[71] = 0));
        Assert.Equal(RecordFault.Truncated, Walk(bytes => bytes[61] = 0x7f));
        Assert.Equal(RecordFault.Truncated, Walk(bytes => bytes[61] = 0x7e));
        Assert.Equal(RecordFault.BadControlKey, Walk(bytes => bytes[22] |= 0x20));

        static RecordFault Walk(Action<byte[]> change)
        {
            byte[] bytes = Batch();
            change(bytes);
            RecordBatch.Read(bytes, out RecordBatch batch);
            return RecordWalk.Check(batch, batch.Section, out _);
        }
    }

    [Fact]
    public void The_walk_sums_up_timestamps_and_missing_keys()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(Limit));
        builder.TryAppend(50, "k"u8, "v"u8);
        builder.TryAppend(70, NullableBytes.Null, "v"u8);
        builder.TryAppend(70, NullableBytes.Null, "v"u8);
        builder.TryAppend(30, "k"u8, "v"u8);
        RecordBatch.Read(builder.Seal().Span, out RecordBatch batch);
        Assert.Equal(RecordFault.None, RecordWalk.Check(batch, batch.Section, out RecordSummary summary));
        Assert.Equal(new RecordSummary(30, 70, 1, 2), summary);
    }

    [Fact]
    public void Hostile_batches_only_ever_raise_a_protocol_exception()
    {
        Random random = new(13);
        List<byte[]> golden = GoldenFiles
            .Lines("batches.jsonl.gz")
            .Select(GoldenBatchTests.Bytes)
            .Where(bytes => bytes.Length < 400)
            .ToList();
        for (int round = 0; round < 400; round++)
        {
            foreach (byte[] original in golden)
            {
                byte[] bytes = (byte[])original.Clone();
                for (int changes = random.Next(1, 5); changes > 0; changes--)
                {
                    bytes[random.Next(8, bytes.Length)] = (byte)(random.Next(3) == 0 ? 0xFF : random.Next(256));
                }

                TryReadAll(bytes);
            }
        }
    }

    [Fact]
    public void Reading_plain_batches_allocates_nothing()
    {
        byte[] bytes = Batch();
        long sum = ReadPlain(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        sum += ReadPlain(bytes);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.NotEqual(0, sum);
    }

    [Fact]
    public void A_record_count_of_two_billion_ends_with_the_bytes()
    {
        byte[] bytes = Batch();
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(57), int.MaxValue);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(23), int.MaxValue - 1);
        RecordBatch.Read(bytes, out RecordBatch batch);
        Assert.Equal(RecordFault.Truncated, RecordWalk.Check(batch, batch.Section, out _));
        Assert.Throws<ProtocolException>(() => ReadPlain(bytes));
    }

    [Fact]
    public void Sequence_numbers_wrap_to_zero()
    {
        Assert.Equal(0, ProducerStamp.Advance(int.MaxValue, 1));
        Assert.Equal(int.MaxValue, ProducerStamp.Advance(int.MaxValue - 1, 1));
        Assert.Equal(4, ProducerStamp.Advance(int.MaxValue, 5));
        Assert.Equal(7, ProducerStamp.Advance(3, 4));
    }

    [Fact]
    public void Null_and_empty_are_different_bytes()
    {
        NullableBytes fromNull = (byte[]?)null;
        NullableBytes fromEmpty = ReadOnlySpan<byte>.Empty;
        Assert.True(fromNull.IsNull);
        Assert.False(fromEmpty.IsNull);
        Assert.Null(NullableBytes.Null.ToArray());
        Assert.Empty(fromEmpty.ToArray()!);
    }

    private sealed record TestRecord(long Timestamp, byte[]? Key, byte[]? Value, (string Name, byte[]? Value)[] Headers);

    private static bool RoundTrips(TestRecord[] records, CompressionType codec)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(Limit, codec));
        foreach (TestRecord record in records)
        {
            RecordHeader[] headers = record
                .Headers.Select(h => new RecordHeader(h.Name, h.Value is null ? (ReadOnlyMemory<byte>?)null : h.Value))
                .ToArray();
            Assert.True(builder.TryAppend(record.Timestamp, record.Key, record.Value, headers));
        }

        Assert.Equal(BatchStatus.Complete, RecordBatch.Read(builder.Seal().Span, out RecordBatch batch));
        Assert.True(batch.HasValidChecksum);
        Assert.Equal(records.Max(r => r.Timestamp), batch.MaxTimestamp);
        using RecordSection section = RecordSection.Open(batch, Limit);
        Assert.Equal(RecordFault.None, RecordWalk.Check(batch, section.Bytes, out RecordSummary summary));
        Assert.Equal(batch.MaxTimestamp, summary.MaxTimestamp);
        int index = 0;
        foreach (Record record in section)
        {
            TestRecord expected = records[index];
            Assert.Equal(index++, record.Offset.Value);
            Assert.Equal(expected.Timestamp, record.Timestamp);
            Assert.Equal(expected.Key, record.Key.ToArray());
            Assert.Equal(expected.Value, record.Value.ToArray());
            int header = 0;
            foreach (RecordHeaders next in record.Headers)
            {
                Assert.Equal(expected.Headers[header].Name, System.Text.Encoding.UTF8.GetString(next.Key));
                Assert.Equal(expected.Headers[header++].Value, next.Value.ToArray());
            }

            Assert.Equal(expected.Headers.Length, header);
        }

        return index == records.Length;
    }

    private static byte[] Batch()
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(Limit));
        builder.TryAppend(10, "k1"u8, "v1"u8, [new RecordHeader("h", new byte[] { 1 })]);
        builder.TryAppend(11, "k2"u8, "v2"u8);
        return builder.Seal().ToArray();
    }

    private static long ReadPlain(byte[] bytes)
    {
        long sum = 0;
        foreach (RecordBatch batch in new RecordBatches(bytes))
        {
            RecordWalk.Check(batch, batch.Section, out RecordSummary summary);
            sum += summary.MaxTimestamp + (batch.HasValidChecksum ? 1 : 0);
            foreach (Record record in new RecordReader(batch, batch.Section))
            {
                sum += record.Key.Length + record.Value.Length;
                foreach (RecordHeaders header in record.Headers)
                {
                    sum += header.Key.Length;
                }
            }
        }

        return sum;
    }

    private static void TryReadAll(byte[] bytes)
    {
        RecordBatches batches = new(bytes);
        while (batches.MoveNext())
        {
            RecordBatch batch = batches.Current;
            _ = batch.HasValidChecksum;
            try
            {
                using RecordSection section = RecordSection.Open(batch, 100_000);
                RecordWalk.Check(batch, section.Bytes, out _);
                foreach (Record record in section)
                {
                    _ = record.Key.Length + record.Value.Length;
                    foreach (RecordHeaders header in record.Headers)
                    {
                        _ = header.Key.Length + header.Value.Length;
                    }
                }
            }
            catch (ProtocolException) { }
        }
    }
}
