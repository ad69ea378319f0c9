using System.Buffers.Binary;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>
/// snappy blocks in the framing of xerial's snappy-java, which is what Kafka calls snappy: a 16-byte head, then blocks behind an i32
/// length. Data without the head is one bare block, as some clients write it.
/// </summary>
internal static class SnappyCodec
{
    /// <summary>The plain bytes of a block that is written.</summary>
    public const int BlockSize = 32 * 1024;

    private const int HeadSize = 16;

    /// <summary>The first four bytes of a head; as a block length they are negative, so the two cannot be confused.</summary>
    private const int HeadMark = unchecked((int)0x82534E41);

    private static ReadOnlySpan<byte> Head =>
        [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];

    private static ReadOnlySpan<byte> Magic => Head[..8];

    public static void Decompress(ReadOnlySpan<byte> source, PooledByteWriter target)
    {
        bool isFirst = true;
        while (TryTakeBlock(ref source, isFirst, out ReadOnlySpan<byte> block))
        {
            SnappyBlock.Decompress(block, target);
            isFirst = false;
        }
    }

    /// <summary>Takes the next block's bytes off the source; false at its end.</summary>
    /// <param name="source">The rest of the compressed bytes.</param>
    /// <param name="isFirst">True at their beginning, where they may be one bare block.</param>
    /// <param name="block">The block.</param>
    public static bool TryTakeBlock(ref ReadOnlySpan<byte> source, bool isFirst, out ReadOnlySpan<byte> block)
    {
        if (isFirst && !source.StartsWith(Magic))
        {
            block = source;
            source = [];
            return true;
        }

        block = [];
        while (!source.IsEmpty)
        {
            int length = ReadLength(source);
            if (length == HeadMark)
            {
                source = AfterHead(source);
                continue;
            }

            source = source[sizeof(int)..];
            if (length < 0 || length > source.Length)
            {
                throw new ProtocolException($"a snappy block claims {length} bytes where {source.Length} are left");
            }

            block = source[..length];
            source = source[length..];
            return true;
        }

        return false;
    }

    /// <summary>Writes the head that comes before the first block.</summary>
    public static void WriteHead(PooledByteWriter target) => target.Write(Head);

    /// <summary>Compresses up to <see cref="BlockSize"/> bytes as one block; the format has no levels.</summary>
    public static void WriteBlock(ReadOnlySpan<byte> plain, int level, PooledByteWriter target)
    {
        int bound = sizeof(int) + SnappyBlock.Bound(plain.Length);
        if (bound > target.Remaining)
        {
            // Near its limit the target may still have room for what the block really takes.
            using PooledByteWriter aside = new(bound);
            WriteBlock(plain, level, aside);
            target.Write(aside.Written);
            return;
        }

        Span<byte> space = target.GetSpan(bound);
        int compressed = SnappyBlock.Compress(plain, space[sizeof(int)..]);
        BinaryPrimitives.WriteInt32BigEndian(space, compressed);
        target.Advance(sizeof(int) + compressed);
    }

    private static int ReadLength(ReadOnlySpan<byte> source) =>
        source.Length >= sizeof(int)
            ? BinaryPrimitives.ReadInt32BigEndian(source)
            : throw new ProtocolException("snappy data ends inside the length of a block");

    private static ReadOnlySpan<byte> AfterHead(ReadOnlySpan<byte> source) =>
        source.Length >= HeadSize && source.StartsWith(Magic)
            ? source[HeadSize..]
            : throw new ProtocolException("snappy data ends inside its head");
}
