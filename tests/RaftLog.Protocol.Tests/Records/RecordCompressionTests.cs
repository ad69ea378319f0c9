using System.Text.Json;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Tests.Records;

public class RecordCompressionTests
{
    private const int Limit = 4 << 20;
    private static readonly CompressionType[] Codecs = Enum.GetValues<CompressionType>();

    [Fact]
    public void Each_codec_gives_back_what_it_was_given()
    {
        foreach (CompressionType codec in Codecs)
        {
            foreach (byte[] plain in Shapes())
            {
                Assert.Equal(plain, Decompress(codec, Compress(codec, plain), Limit));
            }
        }
    }

    [Fact]
    public void Each_level_is_readable()
    {
        byte[] plain = Text(100_000);
        foreach (
            (CompressionType codec, int level) in (ReadOnlySpan<(CompressionType, int)>)
                [
                    (CompressionType.Gzip, -1),
                    (CompressionType.Gzip, 1),
                    (CompressionType.Gzip, 9),
                    (CompressionType.Zstd, -7),
                    (CompressionType.Zstd, 19),
                    (CompressionType.Lz4, 1),
                    (CompressionType.Lz4, 9),
                    (CompressionType.Lz4, 12),
                    (CompressionType.Lz4, 17),
                ]
        )
        {
            using PooledByteWriter compressed = new(Limit);
            RecordCompression.Compress(codec, level, plain, compressed);
            Assert.True(compressed.Length < plain.Length);
            Assert.Equal(plain, Decompress(codec, compressed.Written.ToArray(), Limit));
        }
    }

    [Fact]
    public void Higher_lz4_levels_compress_better_and_9_is_the_fast_one_as_in_Kafka()
    {
        byte[] plain = Text(300_000);
        int fast = CompressAt(RecordCompression.DefaultLevel);
        Assert.Equal(fast, CompressAt(9));
        Assert.True(CompressAt(1) < fast);
        Assert.True(CompressAt(17) < CompressAt(1));

        int CompressAt(int level)
        {
            using PooledByteWriter compressed = new(Limit);
            RecordCompression.Compress(CompressionType.Lz4, level, plain, compressed);
            return compressed.Length;
        }
    }

    [Fact]
    public void Compressible_data_becomes_smaller()
    {
        byte[] plain = Text(300_000);
        foreach (CompressionType codec in Codecs[1..])
        {
            Assert.True(Compress(codec, plain).Length < plain.Length / 2, $"{codec}");
        }
    }

    [Fact]
    public void Lz4_frames_of_the_reference_library_are_read_in_all_their_forms()
    {
        List<JsonElement> golden = GoldenFiles.Lines("lz4-frames.jsonl.gz");
        Assert.Equal(12, golden.Count);
        foreach (JsonElement line in golden)
        {
            byte[] plain = new byte[line.GetProperty("length").GetInt32()];
            for (int i = 0; i < plain.Length; i++)
            {
                plain[i] = (byte)((i % 97) ^ ((i >> 12) * 31));
            }

            Assert.Equal(plain, Decompress(CompressionType.Lz4, line.GetProperty("frame").GetBytesFromBase64(), Limit));
        }
    }

    [Fact]
    public void Damage_to_an_lz4_frame_with_checksums_is_always_found()
    {
        byte[] frame = GoldenFiles
            .Lines("lz4-frames.jsonl.gz")
            .Single(line => line.GetProperty("name").GetString() == "linked-content1-block1")
            .GetProperty("frame")
            .GetBytesFromBase64();
        Random random = new(11);
        for (int i = 0; i < 500; i++)
        {
            byte[] damaged = (byte[])frame.Clone();
            damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
            Assert.Throws<ProtocolException>(() => Decompress(CompressionType.Lz4, damaged, Limit));
        }
    }

    [Fact]
    public void Lz4_is_written_as_independent_blocks_of_64_KiB_without_checksums()
    {
        Assert.Equal("04224D18604082", Convert.ToHexString(Compress(CompressionType.Lz4, Text(10))[..7]));
    }

    [Fact]
    public void Snappy_without_the_xerial_head_is_one_bare_block()
    {
        byte[] plain = Text(20_000);
        byte[] framed = Compress(CompressionType.Snappy, plain);
        Assert.Equal("82534E41505059000000000100000001", Convert.ToHexString(framed[..16]));
        Assert.Equal(plain, Decompress(CompressionType.Snappy, framed[20..], Limit));
    }

    [Fact]
    public void Snappy_streams_may_follow_one_another()
    {
        byte[] plain = Text(50_000);
        byte[] framed = Compress(CompressionType.Snappy, plain);
        Assert.Equal([.. plain, .. plain], Decompress(CompressionType.Snappy, [.. framed, .. framed], Limit));
    }

    [Fact]
    public void Data_that_would_grow_over_the_limit_is_rejected_before_it_does()
    {
        byte[] zeros = new byte[3 << 20];
        foreach (CompressionType codec in Codecs)
        {
            byte[] bomb = Compress(codec, zeros);
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.ThrowsAny<ProtocolException>(() => Decompress(codec, bomb, 100_000));
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 600_000, $"{codec}");
            Assert.Equal(zeros.Length, Decompress(codec, bomb, zeros.Length).Length);
        }
    }

    [Fact]
    public void A_few_bytes_that_announce_much_allocate_little()
    {
        const int LargeLimit = 64 << 20;
        byte[] snappy = [0xFF, 0xFF, 0xFF, 0x0F, 0x00, 0x41];
        byte[] zstd = [0x28, 0xB5, 0x2F, 0xFD, 0xA0, 0x00, 0x00, 0x00, 0x02, 0x01, 0x00, 0x00];
        byte[] lz4 = [0x04, 0x22, 0x4D, 0x18, 0x60, 0x70, 0x73, 0x01, 0x00, 0x00, 0x00, 0x10];
        foreach (
            (CompressionType codec, byte[] bytes) in (ReadOnlySpan<(CompressionType, byte[])>)
                [(CompressionType.Snappy, snappy), (CompressionType.Zstd, zstd), (CompressionType.Lz4, lz4)]
        )
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Throws<ProtocolException>(() => Decompress(codec, bytes, LargeLimit));
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000, $"{codec}");
        }
    }

    [Fact]
    public void Data_that_is_truncated_anywhere_is_rejected_or_shorter_and_nothing_else_happens()
    {
        byte[] plain = Text(3000);
        foreach (CompressionType codec in Codecs[1..])
        {
            byte[] compressed = Compress(codec, plain);
            for (int length = 0; length < compressed.Length; length++)
            {
                Assert.True(FailsCleanlyOrShrinks(codec, compressed[..length], plain.Length), $"{codec} cut at {length}");
            }
        }
    }

    [Fact]
    public void Damaged_and_random_bytes_only_ever_raise_a_protocol_exception()
    {
        Random random = new(5);
        byte[] plain = Text(2000);
        foreach (CompressionType codec in Codecs[1..])
        {
            byte[] compressed = Compress(codec, plain);
            for (int i = 0; i < 3000; i++)
            {
                byte[] damaged = (byte[])compressed.Clone();
                for (int flips = random.Next(1, 4); flips > 0; flips--)
                {
                    damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                }

                TryDecompress(codec, damaged);
                byte[] noise = new byte[random.Next(60)];
                random.NextBytes(noise);
                TryDecompress(codec, noise);
            }
        }
    }

    [Fact]
    public void A_codec_that_does_not_exist_is_named()
    {
        UnsupportedCompressionException error = Assert.Throws<UnsupportedCompressionException>(() =>
            Decompress((CompressionType)5, [1], 10)
        );
        Assert.Contains("compression type 5 does not exist", error.Message);
        Assert.False(RecordCompression.Exists((CompressionType)5));
    }

    private static bool FailsCleanlyOrShrinks(CompressionType codec, byte[] compressed, int whole)
    {
        try
        {
            return Decompress(codec, compressed, Limit).Length < whole || compressed.Length > 0;
        }
        catch (ProtocolException)
        {
            return true;
        }
    }

    private static void TryDecompress(CompressionType codec, byte[] bytes)
    {
        using PooledByteWriter target = new(50_000);
        try
        {
            RecordCompression.Decompress(codec, bytes, target);
        }
        catch (ProtocolException) { }

        Assert.InRange(target.Length, 0, target.Limit);
    }

    private static byte[] Compress(CompressionType codec, byte[] plain)
    {
        using PooledByteWriter target = new(Limit + 70_000);
        RecordCompression.Compress(codec, RecordCompression.DefaultLevel, plain, target);
        return target.Written.ToArray();
    }

    private static byte[] Decompress(CompressionType codec, byte[] compressed, int limit)
    {
        using PooledByteWriter target = new(limit);
        RecordCompression.Decompress(codec, compressed, target);
        return target.Written.ToArray();
    }

    private static byte[] Text(int length)
    {
        Random random = new(3);
        byte[] text = new byte[length];
        for (int i = 0; i < length; i++)
        {
            text[i] = i >= 64 && random.Next(20) != 0 ? text[i - 64] : (byte)random.Next('a', 'z');
        }

        return text;
    }

    private static IEnumerable<byte[]> Shapes()
    {
        Random random = new(9);
        foreach (int length in (int[])[0, 1, 4, 5, 11, 12, 13, 14, 100, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 300_001])
        {
            byte[] noise = new byte[length];
            random.NextBytes(noise);
            yield return noise;
            yield return new byte[length];
            yield return Text(length);
            yield return Enumerable.Range(0, length).Select(i => (byte)(i % 3)).ToArray();
        }

        for (int i = 0; i < 300; i++)
        {
            byte[] few = new byte[random.Next(400)];
            for (int k = 0; k < few.Length; k++)
            {
                few[k] = (byte)random.Next(3);
            }

            yield return few;
        }
    }
}
