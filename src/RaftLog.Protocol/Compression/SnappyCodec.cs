using System.Buffers.Binary;
using IronSnappy;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>
/// snappy blocks in the framing of xerial's snappy-java, which is what Kafka calls snappy: a 16-byte head, then blocks behind an i32 length.
/// Data without the head is one bare block, as some clients write it.
/// </summary>
internal static class SnappyCodec
{
    private const int BlockSize = 32 * 1024;
    private const int HeadSize = 16;

    /// <summary>The first four bytes of a head; as a block length they are negative, so the two cannot be confused.</summary>
    private const int HeadMark = unchecked((int)0x82534E41);

    private static ReadOnlySpan<byte> Head => [0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];

    private static ReadOnlySpan<byte> Magic => Head[..8];

    public static void Compress(ReadOnlySpan<byte> source, PooledBuffer target)
    {
        target.Write(Head);
        for (int start = 0; start < source.Length; start += BlockSize)
        {
            byte[] block = Snappy.Encode(source.Slice(start, Math.Min(BlockSize, source.Length - start)));
            BinaryPrimitives.WriteInt32BigEndian(target.GetSpan(sizeof(int)), block.Length);
            target.Advance(sizeof(int));
            target.Write(block);
        }
    }

    public static void Decompress(ReadOnlySpan<byte> source, PooledBuffer target)
    {
        if (!source.StartsWith(Magic))
        {
            SnappyBlock.Decompress(source, target);
            return;
        }

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

            SnappyBlock.Decompress(source[..length], target);
            source = source[length..];
        }
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
