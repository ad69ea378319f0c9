using System.IO.Hashing;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>An lz4 frame block by block, with the 64 KiB before a block that linked blocks may look back at.</summary>
internal sealed class Lz4PlainStream : PlainStream
{
    private readonly ReadOnlyMemory<byte> _source;
    private readonly Lz4Descriptor _frame;
    private readonly PooledByteWriter _window;
    private readonly XxHash32? _contentHash;
    private int _position;
    private int _taken;
    private long _length;
    private bool _ended;

    public Lz4PlainStream(ReadOnlyMemory<byte> source, long windowLimit)
    {
        ReadOnlySpan<byte> rest = source.Span;
        _source = source;
        _frame = Lz4Frame.ReadDescriptor(ref rest);
        if (WindowOf(_frame) > windowLimit)
        {
            throw new ProtocolException($"an lz4 frame has blocks of {_frame.LargestBlock} bytes, more than is allowed here");
        }

        _contentHash = _frame.HasContentChecksum ? new XxHash32() : null;
        _window = new PooledByteWriter(WindowOf(_frame));
        _position = source.Length - rest.Length;
    }

    /// <summary>A block and its history; a small block cannot make us rent its frame's largest size.</summary>
    public static long Window(ReadOnlySpan<byte> source)
    {
        try
        {
            ReadOnlySpan<byte> rest = source;
            return WindowOf(Lz4Frame.ReadDescriptor(ref rest));
        }
        catch (ProtocolException)
        {
            // Opening will meet the damage in the same place.
            return 0;
        }
    }

    public override int Read(Span<byte> target)
    {
        while (_taken == _window.Length && !_ended)
        {
            KeepHistory();
            ReadOnlySpan<byte> rest = _source.Span[_position..];
            int start = _window.Length;
            _taken = start;
            if (Lz4Frame.TryReadBlock(_frame, 0, ref rest, _window))
            {
                ReadOnlySpan<byte> block = _window.Written[start..];
                _length += block.Length;
                _contentHash?.Append(block);
            }
            else
            {
                Lz4Frame.CheckEnd(_frame, ref rest, _length, _contentHash?.GetCurrentHashAsUInt32() ?? 0);
                _ended = true;
            }

            _position = _source.Length - rest.Length;
        }

        int length = Take(_window.Written[_taken..], target);
        _taken += length;
        return length;
    }

    protected override void Dispose(bool disposing) => _window.Dispose();

    private static int WindowOf(Lz4Descriptor frame) => frame.LargestBlock + (frame.IsIndependent ? 0 : Lz4Block.History);

    private void KeepHistory()
    {
        int kept = _frame.IsIndependent ? 0 : Math.Min(Lz4Block.History, _window.Length);
        _window.Written[^kept..].CopyTo(_window.Written);
        _window.Truncate(kept);
    }
}
