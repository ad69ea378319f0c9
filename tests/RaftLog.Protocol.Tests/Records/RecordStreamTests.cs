using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Tests.Records;

/// <summary>
/// Reading records while they are decompressed comes to what reading the whole comes to, for any batch, and holds a window only.
/// </summary>
public class RecordStreamTests
{
    private const int Limit = 1 << 26;

    public static TheoryData<CompressionType> Codecs => [.. Enum.GetValues<CompressionType>()];

    /// <summary>Records of all sizes around the window, whole and with one byte changed, judged by both readers.</summary>
    [Property(300)]
    public Property A_streamed_walk_finds_what_a_walk_over_the_whole_finds() =>
        Prop.ForAll(
            Gen.Elements(Enum.GetValues<CompressionType>()).ToArbitrary(),
            ArbMap.Default.ArbFor<(ushort Size, byte Headers, bool Keyless)[]>(),
            ArbMap.Default.ArbFor<(uint At, byte Flip)>(),
            (codec, records, change) =>
            {
                byte[] plain = Plain(records);
                if (plain.Length > 0)
                {
                    plain[change.At % (uint)plain.Length] ^= change.Flip;
                }

                byte[] bytes = Batch(codec, Math.Max(1, records.Length), plain);
                RecordBatch.Read(bytes, out RecordBatch batch);
                RecordFault whole = RecordWalk.Check(batch, plain, out RecordSummary expected);
                using RecordStream stream = Open(bytes, codec);
                RecordFault streamed = RecordWalk.Check(batch, stream, out RecordSummary found);

                Assert.Equal(whole == RecordFault.None, streamed == RecordFault.None);
                if (whole == RecordFault.None)
                {
                    Assert.Equal(expected, found);
                    Assert.Equal(plain.Length, stream.Position);
                }
            }
        );

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Reading_in_pieces_of_any_size_gives_the_plain_bytes(CompressionType codec)
    {
        Random random = new(7);
        byte[] plain = new byte[300_000];
        random.NextBytes(plain.AsSpan(0, 100_000));
        byte[] section = Compress(codec, plain);
        using PlainStream stream = PlainStream.Open(codec, section, PlainStream.WindowOf(codec, section));
        List<byte> read = [];
        byte[] piece = new byte[70_000];
        int length;
        while ((length = stream.Read(piece.AsSpan(0, 1 + random.Next(piece.Length)))) > 0)
        {
            read.AddRange(piece[..length]);
        }

        Assert.Equal(plain, read);
        Assert.Equal(0, stream.Read(piece));
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void Writing_in_pieces_of_any_size_gives_what_decompresses_to_them(CompressionType codec)
    {
        Random random = new(8);
        byte[] plain = new byte[300_000];
        random.NextBytes(plain.AsSpan(0, 100_000));
        using PooledByteWriter target = new(1 << 20);
        using (CompressedStream stream = CompressedStream.Open(codec, RecordCompression.DefaultLevel, target))
        {
            for (int at = 0; at < plain.Length; )
            {
                int length = Math.Min(random.Next(50_000), plain.Length - at);
                stream.Write(plain.AsSpan(at, length));
                at += length;
            }

            stream.Finish();
        }

        using PooledByteWriter back = new(plain.Length);
        RecordCompression.Decompress(codec, target.Written, back);
        Assert.Equal(plain, back.Written.ToArray());
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_batch_that_unpacks_to_much_costs_a_window(CompressionType codec)
    {
        byte[] plain = new byte[32 << 20];
        BinaryPrimitives.WriteInt16BigEndian(plain, 0);
        byte[] bytes = Batch(codec, 1, One(plain.Length));
        RecordBatch.Read(bytes, out RecordBatch batch);
        Check(bytes, batch, codec);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Check(bytes, batch, codec);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);

        static void Check(byte[] bytes, RecordBatch batch, CompressionType codec)
        {
            using RecordStream stream = Open(bytes, codec);
            Assert.Equal(RecordFault.None, RecordWalk.Check(batch, stream, out _));
        }
    }

    [Theory]
    [MemberData(nameof(Codecs))]
    public void A_record_or_a_batch_above_the_limits_is_noticed_before_it_is_read(CompressionType codec)
    {
        byte[] section = Compress(codec, One(1 << 20));
        using var small = new RecordStream(codec, section, new RecordStreamLimits(1000, Limit, Limit));
        Assert.Equal(RecordFault.TooLarge, small.Read(out _));
        using var all = new RecordStream(codec, section, new RecordStreamLimits(int.MaxValue, 1 << 19, Limit));
        Assert.Throws<SizeLimitException>(() => all.Read(out _));
    }

    [Theory]
    [InlineData(CompressionType.Gzip)]
    [InlineData(CompressionType.Snappy)]
    [InlineData(CompressionType.Lz4)]
    [InlineData(CompressionType.Zstd)]
    public void Compressed_bytes_that_end_too_early_are_damaged(CompressionType codec)
    {
        byte[] section = Compress(codec, One(200_000));

        // The base class library takes gzip data that lacks (part of) its 8 bytes of checksum and size.
        int shortest = codec == CompressionType.Gzip ? 9 : 1;
        foreach (int length in new[] { 1, 8, section.Length / 2, section.Length - shortest })
        {
            byte[] torn = section[..length];
            Assert.ThrowsAny<Exception>(() =>
            {
                using var stream = new RecordStream(codec, torn, new RecordStreamLimits(int.MaxValue, Limit, Limit));
                if (stream.Read(out _) != RecordFault.None || !stream.IsAtEnd())
                {
                    throw new ProtocolException("the records show it");
                }
            });
        }
    }

    [Fact]
    public void A_zstd_window_above_what_is_allowed_is_not_taken()
    {
        // A frame's head that asks for a window of 64 MiB, and one raw block of a byte.
        byte[] frame = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 16 << 3, 0x09, 0x00, 0x00, 0x41];
        Assert.Equal(64 << 20, PlainStream.WindowOf(CompressionType.Zstd, frame));
        byte[] target = new byte[16];
        using PlainStream allowed = PlainStream.Open(CompressionType.Zstd, frame, 64 << 20);
        Assert.Equal(1, allowed.Read(target));
        using PlainStream small = PlainStream.Open(CompressionType.Zstd, frame, 2 << 20);
        Assert.Throws<ProtocolException>(() => small.Read(target));
    }

    private static RecordStream Open(byte[] batch, CompressionType codec)
    {
        ReadOnlyMemory<byte> section = batch.AsMemory(RecordBatch.HeaderSize);
        return new RecordStream(codec, section, new RecordStreamLimits(int.MaxValue, Limit, PlainStream.WindowOf(codec, section.Span)));
    }

    private static byte[] One(int valueLength)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions(Limit));
        Assert.True(builder.TryAppend(0, NullableBytes.Null, new byte[valueLength]));
        return builder.Seal().Span[RecordBatch.HeaderSize..].ToArray();
    }

    private static byte[] Plain((ushort Size, byte Headers, bool Keyless)[] records)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions(Limit));
        foreach ((ushort size, byte headers, bool keyless) in records)
        {
            RecordHeader[] all =
            [
                .. Enumerable.Range(0, headers % 4).Select(i => new RecordHeader($"h{i}", i == 0 ? null : new byte[size % 700])),
            ];
            Assert.True(
                builder.TryAppend(
                    size,
                    keyless ? NullableBytes.Null : new byte[size % 30_000],
                    size % 5 == 0 ? NullableBytes.Null : new byte[size],
                    all
                )
            );
        }

        return records.Length == 0 ? [] : builder.Seal().Span[RecordBatch.HeaderSize..].ToArray();
    }

    private static byte[] Batch(CompressionType codec, int count, byte[] plain)
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions(1000));
        builder.TryAppend(0, NullableBytes.Null, NullableBytes.Null);
        byte[] section = Compress(codec, plain);
        byte[] batch = [.. builder.Seal().Span[..RecordBatch.HeaderSize], .. section];
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(8), batch.Length - 12);
        batch[22] = (byte)codec;
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(23), count - 1);
        BinaryPrimitives.WriteInt32BigEndian(batch.AsSpan(57), count);
        return batch;
    }

    private static byte[] Compress(CompressionType codec, byte[] plain)
    {
        using PooledByteWriter target = new(Limit + 4096);
        RecordCompression.Compress(codec, RecordCompression.DefaultLevel, plain, target);
        return target.Written.ToArray();
    }
}
