using System.Buffers.Binary;
using System.IO.Hashing;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>
/// The lz4 frame format (LZ4 frame format description 1.6). Written as Kafka writes it: independent blocks of 64 KiB, no checksums but the
/// header's. Read in every form that clients write: linked blocks, content size, block and content checksums. Dictionaries are rejected.
/// </summary>
internal static class Lz4Frame
{
    private const uint FrameMagic = 0x184D2204;
    private const uint StoredBit = 0x8000_0000;
    private const int SmallestFrame = 7;

    private const byte VersionBits = 0b1100_0000;
    private const byte Version = 0b0100_0000;
    private const byte IndependentBit = 0b0010_0000;
    private const byte BlockChecksumBit = 0b0001_0000;
    private const byte ContentSizeBit = 0b0000_1000;
    private const byte ContentChecksumBit = 0b0000_0100;
    private const byte ReservedBit = 0b0000_0010;
    private const byte DictionaryBit = 0b0000_0001;
    private const byte Blocks64K = 0x40;

    /// <summary>Writes the head of a frame.</summary>
    public static void WriteHead(PooledByteWriter target)
    {
        Span<byte> head = target.GetSpan(SmallestFrame);
        BinaryPrimitives.WriteUInt32LittleEndian(head, FrameMagic);
        head[4] = Version | IndependentBit;
        head[5] = Blocks64K;
        head[6] = HeaderChecksum(head[4..6]);
        target.Advance(SmallestFrame);
    }

    /// <summary>
    /// True for a frame whose blocks look back at the ones before, or whose head says that they may. Java clients and Apache Kafka read
    /// none of these, though the format has them and other libraries write them where nothing else is set.
    /// </summary>
    public static bool MayHaveLinkedBlocks(ReadOnlySpan<byte> frame) => frame.Length > 4 && (frame[4] & IndependentBit) == 0;

    /// <summary>Writes the end mark of a frame.</summary>
    public static void WriteEnd(PooledByteWriter target)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target.GetSpan(sizeof(uint)), 0);
        target.Advance(sizeof(uint));
    }

    /// <summary>Reads one frame; bytes behind its end mark are ignored, as Kafka ignores them.</summary>
    /// <param name="source">The compressed bytes, from anyone.</param>
    /// <param name="target">Takes the plain bytes.</param>
    /// <param name="checksHead">False for frames whose head has a checksum that means nothing (format 0).</param>
    public static void Decompress(ReadOnlySpan<byte> source, PooledByteWriter target, bool checksHead = true)
    {
        Lz4Descriptor frame = ReadDescriptor(ref source, checksHead);
        int frameStart = target.Length;
        while (TryReadBlock(frame, frameStart, ref source, target)) { }

        ReadOnlySpan<byte> content = target.Written[frameStart..];
        CheckEnd(frame, ref source, content.Length, frame.HasContentChecksum ? XxHash32.HashToUInt32(content) : 0);
    }

    /// <summary>Reads what stands behind the end mark, and holds it against what was read before.</summary>
    public static void CheckEnd(Lz4Descriptor frame, ref ReadOnlySpan<byte> source, long length, uint hash)
    {
        if (frame.ContentSize is { } size && size != (ulong)length)
        {
            throw new ProtocolException($"an lz4 frame announces {size} bytes and holds {length}");
        }

        if (frame.HasContentChecksum && ReadUInt32(ref source) != hash)
        {
            throw new ProtocolException("an lz4 frame does not match its content checksum");
        }
    }

    /// <summary>Compresses up to <see cref="Lz4Block.LargestInput"/> bytes as one block.</summary>
    /// <param name="block">The plain bytes.</param>
    /// <param name="level">As in <see cref="RecordCompression.Compress"/>.</param>
    /// <param name="target">Takes the block with its length.</param>
    public static void WriteBlock(ReadOnlySpan<byte> block, int level, PooledByteWriter target)
    {
        int bound = sizeof(uint) + Lz4Block.Bound(block.Length);
        if (bound > target.Remaining)
        {
            // Near its limit the target may still have room for what the block really takes.
            using PooledByteWriter aside = new(bound);
            WriteBlock(block, level, aside);
            target.Write(aside.Written);
            return;
        }

        Span<byte> space = target.GetSpan(bound);
        int compressed = Lz4Block.Compress(block, level, space[sizeof(uint)..]);
        if (compressed < block.Length)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(space, (uint)compressed);
            target.Advance(sizeof(uint) + compressed);
            return;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(space, (uint)block.Length | StoredBit);
        block.CopyTo(space[sizeof(uint)..]);
        target.Advance(sizeof(uint) + block.Length);
    }

    /// <summary>Reads one block behind what the target holds; false at the end mark.</summary>
    /// <param name="frame">The frame's head.</param>
    /// <param name="historyStart">Where in the target begins what linked blocks may look back at.</param>
    /// <param name="source">The rest of the compressed bytes.</param>
    /// <param name="target">Takes the plain bytes.</param>
    public static bool TryReadBlock(Lz4Descriptor frame, int historyStart, ref ReadOnlySpan<byte> source, PooledByteWriter target)
    {
        uint head = ReadUInt32(ref source);
        if (head == 0)
        {
            return false;
        }

        uint size = head & ~StoredBit;
        if (size > (uint)frame.LargestBlock || size > (uint)source.Length)
        {
            throw new ProtocolException(
                $"an lz4 block claims {size} bytes where {source.Length} are left and {frame.LargestBlock} are allowed"
            );
        }

        ReadOnlySpan<byte> block = source[..(int)size];
        source = source[(int)size..];
        if (frame.HasBlockChecksums && ReadUInt32(ref source) != XxHash32.HashToUInt32(block))
        {
            throw new ProtocolException("an lz4 block does not match its checksum");
        }

        if ((head & StoredBit) != 0)
        {
            target.Write(block);
            return true;
        }

        // No lz4 data grows more than 255-fold, so a small block cannot make us rent its frame's largest size.
        int room = (int)Math.Min(Math.Min((long)frame.LargestBlock, block.Length * 255L), target.Remaining);
        int start = target.Length;
        int end = Lz4Block.Decompress(block, target.Window(room), frame.IsIndependent ? start : historyStart, start);
        if (end < 0)
        {
            throw new ProtocolException($"an lz4 block is corrupt, or larger than the {target.Remaining} bytes that are left of the limit");
        }

        target.Advance(end - start);
        return true;
    }

    /// <summary>Reads a frame's head.</summary>
    /// <param name="source">The frame; what follows the head is left.</param>
    /// <param name="checksHead">False to take any checksum.</param>
    public static Lz4Descriptor ReadDescriptor(ref ReadOnlySpan<byte> source, bool checksHead = true)
    {
        if (source.Length < SmallestFrame || BinaryPrimitives.ReadUInt32LittleEndian(source) != FrameMagic)
        {
            throw new ProtocolException("lz4 data does not start with a frame");
        }

        byte flags = source[4];
        if ((flags & VersionBits) != Version || (flags & (ReservedBit | DictionaryBit)) != 0)
        {
            throw new ProtocolException($"an lz4 frame has flags 0x{flags:x2}; only version 1 without dictionary is known");
        }

        int length = (flags & ContentSizeBit) != 0 ? 2 + sizeof(ulong) : 2;
        if (source.Length < sizeof(uint) + length + 1)
        {
            throw new ProtocolException("lz4 data ends inside the frame's head");
        }

        ReadOnlySpan<byte> descriptor = source.Slice(sizeof(uint), length);
        if (checksHead && HeaderChecksum(descriptor) != source[sizeof(uint) + length])
        {
            throw new ProtocolException("an lz4 frame does not match its header checksum");
        }

        int sizeCode = (descriptor[1] >> 4) & 7;
        if (sizeCode < 4 || (descriptor[1] & 0x8F) != 0)
        {
            throw new ProtocolException($"an lz4 frame has the unknown block size byte 0x{descriptor[1]:x2}");
        }

        source = source[(sizeof(uint) + length + 1)..];
        ulong? contentSize = length > 2 ? BinaryPrimitives.ReadUInt64LittleEndian(descriptor[2..]) : null;
        return new Lz4Descriptor(
            1 << (8 + (2 * sizeCode)),
            (flags & IndependentBit) != 0,
            (flags & BlockChecksumBit) != 0,
            (flags & ContentChecksumBit) != 0,
            contentSize
        );
    }

    private static uint ReadUInt32(ref ReadOnlySpan<byte> source)
    {
        if (source.Length < sizeof(uint))
        {
            throw new ProtocolException("lz4 data ends inside its frame");
        }

        uint value = BinaryPrimitives.ReadUInt32LittleEndian(source);
        source = source[sizeof(uint)..];
        return value;
    }

    private static byte HeaderChecksum(ReadOnlySpan<byte> descriptor) => (byte)(XxHash32.HashToUInt32(descriptor) >> 8);
}

/// <summary>What the head of an lz4 frame says.</summary>
/// <param name="LargestBlock">The most plain bytes of a block.</param>
/// <param name="IsIndependent">Blocks do not look back at the ones before.</param>
/// <param name="HasBlockChecksums">Each block is followed by its checksum.</param>
/// <param name="HasContentChecksum">The end mark is followed by the checksum of all plain bytes.</param>
/// <param name="ContentSize">All plain bytes, where it is said.</param>
internal readonly record struct Lz4Descriptor(
    int LargestBlock,
    bool IsIndependent,
    bool HasBlockChecksums,
    bool HasContentChecksum,
    ulong? ContentSize
);
