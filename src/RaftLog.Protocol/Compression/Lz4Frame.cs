using System.Buffers.Binary;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>
/// The lz4 frame format (LZ4 frame format description 1.6). Written as Kafka writes it: independent blocks of 64 KiB, no checksums but the header's.
/// Read in every form that clients write: linked blocks, content size, block and content checksums. Dictionaries are refused.
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

    public static void Compress(ReadOnlySpan<byte> source, PooledBuffer target)
    {
        Span<byte> head = target.GetSpan(SmallestFrame);
        BinaryPrimitives.WriteUInt32LittleEndian(head, FrameMagic);
        head[4] = Version | IndependentBit;
        head[5] = Blocks64K;
        head[6] = HeaderChecksum(head[4..6]);
        target.Advance(SmallestFrame);
        for (int start = 0; start < source.Length; start += Lz4Block.LargestInput)
        {
            WriteBlock(source.Slice(start, Math.Min(Lz4Block.LargestInput, source.Length - start)), target);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(target.GetSpan(sizeof(uint)), 0);
        target.Advance(sizeof(uint));
    }

    /// <summary>Reads one frame; bytes behind its end mark are ignored, as Kafka ignores them.</summary>
    public static void Decompress(ReadOnlySpan<byte> source, PooledBuffer target)
    {
        Descriptor frame = ReadDescriptor(ref source);
        int frameStart = target.Length;
        while (true)
        {
            uint head = ReadUInt32(ref source);
            if (head == 0)
            {
                break;
            }

            ReadBlock(head, frame, frameStart, ref source, target);
        }

        ReadOnlySpan<byte> content = target.Written[frameStart..];
        if (frame.ContentSize is { } size && size != (ulong)content.Length)
        {
            throw new ProtocolException($"an lz4 frame announces {size} bytes and holds {content.Length}");
        }

        if (frame.Has(ContentChecksumBit) && ReadUInt32(ref source) != XxHash32.Compute(content))
        {
            throw new ProtocolException("an lz4 frame does not match its content checksum");
        }
    }

    private static void WriteBlock(ReadOnlySpan<byte> block, PooledBuffer target)
    {
        Span<byte> space = target.GetSpan(sizeof(uint) + Lz4Block.Bound(block.Length));
        int compressed = Lz4Block.Compress(block, space[sizeof(uint)..]);
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

    private static void ReadBlock(uint head, Descriptor frame, int frameStart, ref ReadOnlySpan<byte> source, PooledBuffer target)
    {
        uint size = head & ~StoredBit;
        if (size > (uint)frame.LargestBlock || size > (uint)source.Length)
        {
            throw new ProtocolException($"an lz4 block claims {size} bytes where {source.Length} are left and {frame.LargestBlock} are allowed");
        }

        ReadOnlySpan<byte> block = source[..(int)size];
        source = source[(int)size..];
        if (frame.Has(BlockChecksumBit) && ReadUInt32(ref source) != XxHash32.Compute(block))
        {
            throw new ProtocolException("an lz4 block does not match its checksum");
        }

        if ((head & StoredBit) != 0)
        {
            target.Write(block);
            return;
        }

        // No lz4 data grows more than 255-fold, so a small block cannot make us rent its frame's largest size.
        int room = (int)Math.Min(Math.Min((long)frame.LargestBlock, block.Length * 255L), target.Remaining);
        int start = target.Length;
        int end = Lz4Block.Decompress(block, target.Window(room), frame.Has(IndependentBit) ? start : frameStart, start);
        if (end < 0)
        {
            throw new ProtocolException($"an lz4 block is damaged, or larger than the {target.Remaining} bytes that are left of the limit");
        }

        target.Advance(end - start);
    }

    private static Descriptor ReadDescriptor(ref ReadOnlySpan<byte> source)
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
        if (HeaderChecksum(descriptor) != source[sizeof(uint) + length])
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
        return new Descriptor(flags, 1 << (8 + (2 * sizeCode)), contentSize);
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

    private static byte HeaderChecksum(ReadOnlySpan<byte> descriptor) => (byte)(XxHash32.Compute(descriptor) >> 8);

    private readonly record struct Descriptor(byte Flags, int LargestBlock, ulong? ContentSize)
    {
        public bool Has(byte flag) => (Flags & flag) != 0;
    }
}
