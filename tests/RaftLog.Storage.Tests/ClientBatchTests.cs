using System.Buffers.Binary;
using System.Text;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>What a leader responds to a producer's batch, as Apache Kafka 4.3.1 answers it.</summary>
public class ClientBatchTests
{
    private static readonly AppendSettings AppendTime = new() { TimestampType = TimestampType.LogAppendTime };

    [Fact]
    public void A_base_offset_other_than_zero_is_invalid() => Rejected(ErrorCode.InvalidRecord, At(5, 0, Of("a")));

    [Fact]
    public void A_count_that_contradicts_the_last_offset_delta_is_invalid()
    {
        Rejected(ErrorCode.InvalidRecord, Changed(Of("a"), batch => BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(57), 0)));
        Rejected(ErrorCode.InvalidRecord, Changed(Of("a"), batch => BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(23), 1)));
    }

    [Fact]
    public void Records_that_contradict_the_header_are_invalid() =>
        Rejected(
            ErrorCode.InvalidRecord,
            Changed(
                Of("a", "b"),
                batch =>
                {
                    BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(57), 3);
                    BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(23), 2);
                }
            )
        );

    [Fact]
    public void A_control_batch_is_invalid() =>
        Rejected(ErrorCode.InvalidRecord, Marker(ControlRecordType.Commit, new ProducerStamp(new(1), new(0), 0), 0));

    [Fact]
    public void A_producer_without_sequence_is_invalid() =>
        Rejected(ErrorCode.InvalidRecord, Changed(Of("a"), batch => BinaryPrimitives.WriteInt64BigEndian(batch.AsSpan(43), 7)));

    [Fact]
    public void No_batch_two_batches_and_old_formats_are_invalid()
    {
        Rejected(ErrorCode.InvalidRecord, Memory<byte>.Empty);
        Rejected(ErrorCode.InvalidRecord, Join(Of("a"), Of("b")));
        Rejected(ErrorCode.InvalidRecord, Changed(Of("a"), batch => batch[16] = 1));
        Rejected(ErrorCode.InvalidRecord, Of("a")[..30]);
    }

    [Fact]
    public void A_wrong_checksum_is_a_corrupt_message()
    {
        byte[] batch = Of("a").ToArray();
        batch[^1] ^= 1;
        Rejected(ErrorCode.CorruptMessage, batch);
    }

    [Fact]
    public void A_batch_above_max_message_bytes_is_too_large()
    {
        int size = Of("abc").Length;
        Rejected(ErrorCode.MessageTooLarge, Of("abc"), new AppendSettings { MaxMessageBytes = size - 1 });
        Accepted(Of("abc"), new AppendSettings { MaxMessageBytes = size });
    }

    [Fact]
    public void An_unknown_codec_is_an_unsupported_compression_type() =>
        Rejected(ErrorCode.UnsupportedCompressionType, Changed(Of("a"), batch => batch[22] = 5));

    /// <summary>A Java consumer would never come past it.</summary>
    [Theory]
    [InlineData(BatchValidation.Strict)]
    [InlineData(BatchValidation.Relaxed)]
    public void An_lz4_frame_with_linked_blocks_is_rejected(BatchValidation validation) =>
        Rejected(
            ErrorCode.UnknownServerError,
            Changed(
                With(ProducerStamp.None, CompressionType.Lz4, false, Now, "a"),
                static batch => Lz4Frames.Link(batch.AsSpan(RecordBatch.HeaderSize))
            ),
            new AppendSettings { Validation = validation }
        );

    [Fact]
    public void Compressed_bytes_that_do_not_decompress_are_a_corrupt_message() =>
        Rejected(
            ErrorCode.CorruptMessage,
            Changed(With(ProducerStamp.None, CompressionType.Gzip, false, Now, "a"), batch => batch.AsSpan(71).Fill(0xff))
        );

    [Fact]
    public void A_timestamp_too_far_from_now_is_rejected_with_the_records_that_have_it()
    {
        AppendResult future = Rejected(ErrorCode.InvalidTimestamp, At(Now + 3_600_000, "in time", "one too late"));
        Assert.Equal([1], future.RecordErrors!.Select(error => error.Index));
        Rejected(ErrorCode.InvalidTimestamp, At(Now - 11, "early"), new AppendSettings { TimestampBeforeMaxMs = 10 });
        Accepted(At(Now - 10, "just"), new AppendSettings { TimestampBeforeMaxMs = 10 });
    }

    [Fact]
    public void Timestamps_of_zero_and_none_are_accepted_by_default()
    {
        Accepted(At(0, "a"));
        Accepted(At(RecordBatch.NoTimestamp, "a"));
    }

    [Fact]
    public void A_record_without_key_is_rejected_on_a_compacted_topic_each_with_its_place()
    {
        AppendResult result = Rejected(ErrorCode.InvalidRecord, Of("a", "b", "c", "d"), new AppendSettings { RequiresKeys = true });
        Assert.Equal([0, 1, 2, 3], result.RecordErrors!.Select(error => error.Index));
        Rejected(ErrorCode.InvalidRecord, Of("a"), new AppendSettings { RequiresKeys = true, Validation = BatchValidation.Relaxed });
    }

    [Fact]
    public void The_append_time_bit_is_cleared_on_a_create_time_topic_and_rejected_on_an_append_time_topic()
    {
        Memory<byte> batch = Changed(Of("a"), bytes => bytes[22] |= 8);
        Assert.Equal(TimestampType.CreateTime, Stored(batch, AppendSettings.Default).Type);
        Rejected(ErrorCode.InvalidTimestamp, batch, AppendTime);
    }

    [Fact]
    public void An_append_time_topic_stamps_the_batch_with_the_leaders_clock()
    {
        (TimestampType type, long max, bool valid) = Stored(At(5, "a", "b"), AppendTime);
        Assert.Equal((TimestampType.LogAppendTime, Now, true), (type, max, valid));
    }

    [Fact]
    public void A_wrong_largest_timestamp_is_corrected_when_records_are_looked_at()
    {
        Memory<byte> batch = Changed(Of("a", "b"), bytes => BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(35), Now - 5));
        Assert.Equal((TimestampType.CreateTime, Now + 1, true), Stored(batch, AppendSettings.Default));
        Assert.Equal((TimestampType.CreateTime, Now - 5, true), Stored(batch, new AppendSettings { Validation = BatchValidation.Relaxed }));
    }

    [Fact]
    public void Unused_attribute_bits_the_delete_horizon_and_any_leader_epoch_are_accepted()
    {
        Accepted(Changed(Of("a"), batch => batch[22] |= 0x40));
        Accepted(Changed(Of("a"), batch => batch[21] |= 0xff));
        Accepted(Changed(Of("a"), batch => BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(12), 77)));
    }

    [Fact]
    public void A_topics_own_codec_compresses_other_batches_anew_with_all_that_they_held()
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions(1 << 16, CompressionType.Gzip));
        builder.Producer = new ProducerStamp(new ProducerId(3), new ProducerEpoch(1), 0);
        builder.TryAppend(
            Now,
            Encoding.UTF8.GetBytes("key"),
            Encoding.UTF8.GetBytes("value"),
            [new RecordHeader("h", new byte[] { 1, 2 }), new RecordHeader("n", null)]
        );
        builder.TryAppend(Now + 9, NullableBytes.Null, NullableBytes.Null);
        PartitionLog log = new Node().Run().Create();
        Assert.True(
            log.AppendAsLeader(
                builder.Seal().ToArray(),
                new LeaderEpoch(4),
                new AppendSettings { Compression = CompressionType.Lz4 },
                Now
            ).IsAccepted
        );

        using LogSlice slice = log.Read(Offset.Zero, 10_000, log.EndOffset, true).Slice;
        byte[] bytes = new byte[slice.Length];
        slice.Read(bytes);
        RecordBatch.Read(bytes, out RecordBatch batch);
        Assert.Equal(
            (CompressionType.Lz4, true, new ProducerId(3), 2, Now + 9, new LeaderEpoch(4)),
            (
                batch.Attributes.Compression,
                batch.HasValidChecksum,
                batch.ProducerId,
                batch.RecordCount,
                batch.MaxTimestamp,
                batch.PartitionLeaderEpoch
            )
        );
        using RecordSection section = RecordSection.Open(batch, 1 << 16);
        RecordReader records = section.GetEnumerator();
        Assert.True(records.MoveNext());
        Assert.Equal(
            ("key", "value", 2),
            (
                Encoding.UTF8.GetString(records.Current.Key.Span),
                Encoding.UTF8.GetString(records.Current.Value.Span),
                records.Current.Headers.Count
            )
        );
        Assert.True(records.MoveNext());
        Assert.True(records.Current.Value.IsNull);
    }

    [Theory]
    [InlineData(CompressionType.None)]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void A_batch_that_is_too_large_in_the_topics_codec_is_rejected(CompressionType codec)
    {
        // Random text packs best with zstd at a high level; in each other codec, and in none, it is larger.
        var random = new Random(5);
        string text = string.Concat(Enumerable.Range(0, 3000).Select(_ => $"{random.Next(1000)}-"));
        Memory<byte> batch =
            codec == CompressionType.Zstd
                ? With(ProducerStamp.None, CompressionType.Gzip, false, Now, text)
                : With(ProducerStamp.None, CompressionType.Zstd, false, Now, text);
        using var anew = new RecordBatchBuilder(new RecordBatchOptions(1 << 20, codec));
        anew.TryAppend(Now, NullableBytes.Null, Encoding.UTF8.GetBytes(text));
        int size = anew.Seal().Length;
        Accepted(batch, new AppendSettings { Compression = codec, MaxMessageBytes = Math.Max(size, batch.Length) + 100 });
        if (size - 100 > batch.Length)
        {
            AppendResult result = Rejected(
                ErrorCode.MessageTooLarge,
                batch,
                new AppendSettings { Compression = codec, MaxMessageBytes = size - 100 }
            );
            Assert.Contains("max.message.bytes", result.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_record_that_unpacks_to_more_than_the_topic_takes_is_invalid()
    {
        Memory<byte> batch = With(ProducerStamp.None, CompressionType.Zstd, false, Now, new string('x', 5000));
        Assert.Contains(
            "max.decompressed.message.bytes",
            Rejected(ErrorCode.InvalidRecord, batch, new AppendSettings { MaxDecompressedBytes = 4999 }).Message,
            StringComparison.Ordinal
        );
        Accepted(batch, new AppendSettings { MaxDecompressedBytes = 5100 });
        Accepted(Of(new string('x', 5000)), new AppendSettings { MaxDecompressedBytes = 4999 });
    }

    [Fact]
    public void A_batch_that_unpacks_to_more_than_the_bound_is_too_large_so_that_clients_split_it() =>
        Rejected(
            ErrorCode.MessageTooLarge,
            With(ProducerStamp.None, CompressionType.Gzip, false, Now, new string('x', 50_000)),
            new AppendSettings { MaxPlainBytes = 40_000 }
        );

    [Fact]
    public void A_batch_that_was_checked_is_not_changed_before_it_is_appended()
    {
        Memory<byte> batch = Of("a", "b");
        byte[] before = batch.ToArray();
        new Node().Run().Create().Check(batch, AppendTime, Now);
        Assert.Equal(before, batch.ToArray());
    }

    [Fact]
    public void A_follower_takes_batches_with_their_offsets_and_lets_them_leap_but_not_go_back()
    {
        PartitionLog log = new Node().Run().Create();
        AppendResult first = log.AppendAsFollower(Join(At(0, 1, Of("a", "b")), At(7, 2, Of("c"))), new LeaderEpoch(2), Now);
        Assert.Equal((ErrorCode.None, new Offset(0), new Offset(7)), (first.Error, first.BaseOffset, first.LastOffset));
        Assert.Equal([new EpochEntry(new(1), new(0)), new EpochEntry(new(2), new(7))], log.Epochs.Entries);
        Assert.Equal([(0, 1, "a"), (1, 1, "b"), (7, 2, "c")], Records(log));

        Assert.Equal(ErrorCode.InvalidRecord, log.AppendAsFollower(At(7, 2, Of("again")), new LeaderEpoch(2), Now).Error);
        Assert.Equal(new Offset(8), log.EndOffset);
    }

    [Theory]
    [InlineData(CompressionType.Gzip, 1, 9)]
    [InlineData(CompressionType.Lz4, 9, 17)]
    [InlineData(CompressionType.Zstd, -5, 19)]
    public void The_level_of_a_topics_codec_acts(CompressionType codec, int fast, int thorough)
    {
        string[] values =
        [
            .. Enumerable
                .Range(0, 400)
                .Select(i => $"{{ \"id\": {i * 7919}, \"name\": \"user {i % 37}\", \"state\": \"{(i % 3 == 0 ? "active" : "asleep")}\" }}"),
        ];
        long Stored(int level)
        {
            PartitionLog log = new Node().Run().Create(LogSettings.Default);
            AppendResult result = log.AppendAsLeader(
                Of(values),
                new LeaderEpoch(0),
                new AppendSettings { Compression = codec, CompressionLevel = level },
                Now
            );
            Assert.True(result.IsAccepted, result.Message);
            Assert.Equal(values, Values(log));
            return log.SizeBytes;
        }

        Assert.True(Stored(thorough) < Stored(fast));
    }

    [Fact]
    public void A_follower_drops_batches_of_an_epoch_above_its_own_and_a_torn_tail()
    {
        PartitionLog log = new Node().Run().Create();
        Memory<byte> fetched = Join(At(0, 1, Of("a")), At(1, 2, Of("too new")), At(2, 1, Of("after it")));
        Assert.Equal(new Offset(0), log.AppendAsFollower(fetched, new LeaderEpoch(1), Now).LastOffset);
        Assert.Equal(Offset.None, log.AppendAsFollower(At(1, 2, Of("too new")), new LeaderEpoch(1), Now).LastOffset);
        log.AppendAsFollower(Join(At(1, 1, Of("b")), At(2, 1, Of("torn"))[..70]), new LeaderEpoch(1), Now);
        Assert.Equal([(0, 1, "a"), (1, 1, "b")], Records(log));
    }

    [Fact]
    public void A_follower_rejects_damaged_batches_and_appends_none_of_them()
    {
        PartitionLog log = new Node().Run().Create();
        byte[] damaged = Join(At(0, 1, Of("a")), At(1, 1, Of("b"))).ToArray();
        damaged[^1] ^= 1;
        Assert.Equal(ErrorCode.CorruptMessage, log.AppendAsFollower(damaged, new LeaderEpoch(1), Now).Error);
        Assert.Equal(Offset.Zero, log.EndOffset);
    }

    [Fact]
    public void A_leader_appends_several_built_batches_in_one_go()
    {
        PartitionLog log = new Node().Run().Create();
        AppendResult result = log.AppendBuilt(Join(Of("a", "b"), Of("c")), new LeaderEpoch(6), Now);
        Assert.Equal((new Offset(0), new Offset(2)), (result.BaseOffset, result.LastOffset));
        Assert.Equal([(0, 6, "a"), (1, 6, "b"), (2, 6, "c")], Records(log));
    }

    private static Memory<byte> At(long timestamp, params string[] values) =>
        With(ProducerStamp.None, CompressionType.None, false, timestamp, values);

    private static Memory<byte> At(long offset, int epoch, Memory<byte> batch) => Batches.At(offset, epoch, batch);

    private static Memory<byte> Changed(Memory<byte> batch, Action<byte[]> change)
    {
        byte[] bytes = batch.ToArray();
        change(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(17), Crc32C.Compute(bytes.AsSpan(21)));
        return bytes;
    }

    private static AppendResult Rejected(ErrorCode error, Memory<byte> records, AppendSettings? settings = null)
    {
        PartitionLog log = new Node().Run().Create();
        AppendResult result = log.AppendAsLeader(records.ToArray(), new LeaderEpoch(0), settings ?? AppendSettings.Default, Now);
        Assert.Equal(error, result.Error);
        Assert.False(string.IsNullOrEmpty(result.Message));
        Assert.Equal(Offset.Zero, log.EndOffset);
        return result;
    }

    private static void Accepted(Memory<byte> records, AppendSettings? settings = null) =>
        Stored(records, settings ?? AppendSettings.Default);

    private static (TimestampType Type, long MaxTimestamp, bool IsValid) Stored(Memory<byte> records, AppendSettings settings)
    {
        PartitionLog log = new Node().Run().Create();
        AppendResult result = log.AppendAsLeader(records.ToArray(), new LeaderEpoch(0), settings, Now);
        Assert.Equal(ErrorCode.None, result.Error);
        using LogSlice slice = log.Read(Offset.Zero, 10_000, log.EndOffset, true).Slice;
        byte[] bytes = new byte[slice.Length];
        slice.Read(bytes);
        RecordBatch.Read(bytes, out RecordBatch batch);
        return (batch.Attributes.TimestampType, batch.MaxTimestamp, batch.HasValidChecksum);
    }
}
