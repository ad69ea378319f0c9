using System.Buffers.Binary;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>snappy block by block: a block is decoded whole, since it may look back to its own beginning.</summary>
internal sealed class SnappyPlainStream(ReadOnlyMemory<byte> source, long windowLimit) : PlainStream
{
    private readonly PooledByteWriter _block = new((int)Math.Min(windowLimit, int.MaxValue));
    private int _position;
    private int _taken;

    /// <summary>The largest block that is announced, up to the first thing that is no block.</summary>
    public static long Window(ReadOnlySpan<byte> source)
    {
        long largest = 0;
        try
        {
            bool isFirst = true;
            while (SnappyCodec.TryTakeBlock(ref source, isFirst, out ReadOnlySpan<byte> block))
            {
                largest = Math.Max(largest, SnappyBlock.AnnouncedLength(block));
                isFirst = false;
            }
        }
        catch (ProtocolException)
        {
            // Reading will meet the damage in the same place.
        }

        return largest;
    }

    public override int Read(Span<byte> target)
    {
        while (_taken == _block.Length)
        {
            _block.Clear();
            _taken = 0;
            ReadOnlySpan<byte> rest = source.Span[_position..];
            if (!SnappyCodec.TryTakeBlock(ref rest, isFirst: _position == 0, out ReadOnlySpan<byte> block))
            {
                return 0;
            }

            _position = source.Length - rest.Length;
            SnappyBlock.Decompress(block, _block);
        }

        int length = Take(_block.Written[_taken..], target);
        _taken += length;
        return length;
    }

    protected override void Dispose(bool disposing) => _block.Dispose();
}
