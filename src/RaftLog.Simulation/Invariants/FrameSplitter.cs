using System.Buffers.Binary;

namespace RaftLog.Simulation;

/// <summary>Finds the frames in what one side of a connection sends.</summary>
internal sealed class FrameSplitter(Action<Memory<byte>> take)
{
    private const int MaxFrame = 64 << 20;
    private const int FirstCapacity = 64;

    /// <summary>What has come of a frame that is not whole. Each frame has an array of its own: who takes one may keep it.</summary>
    private byte[] _rest = [];
    private int _restLength;
    private bool _lost;

    /// <summary>True while a frame has begun and its end has not been seen.</summary>
    internal bool IsMidFrame => _restLength > 0;

    internal void Take(byte[] bytes)
    {
        Memory<byte> coming = bytes;
        while (!_lost && coming.Length > 0)
        {
            coming = _restLength > 0 ? Continue(coming) : Begin(coming);
        }
    }

    /// <summary>Takes whole frames where they are, and keeps the beginning of one that is not. Returns what is left.</summary>
    private Memory<byte> Begin(Memory<byte> bytes)
    {
        if (Whole(bytes.Span) is not { } whole || bytes.Length < whole)
        {
            Keep(bytes.Span);
            return default;
        }

        if (!_lost)
        {
            take(bytes[sizeof(int)..whole]);
        }

        return bytes[whole..];
    }

    /// <summary>Adds to a frame that has begun. Returns what is left.</summary>
    private Memory<byte> Continue(Memory<byte> bytes)
    {
        int missing = (Whole(_rest.AsSpan(0, _restLength)) ?? sizeof(int)) - _restLength;
        int added = Math.Min(missing, bytes.Length);
        Keep(bytes.Span[..added]);
        if (Whole(_rest.AsSpan(0, _restLength)) is { } whole && _restLength == whole && !_lost)
        {
            byte[] frame = _rest;
            _rest = [];
            _restLength = 0;
            take(frame.AsMemory(sizeof(int), whole - sizeof(int)));
        }

        return bytes[added..];
    }

    /// <summary>The bytes of the frame that begins here, with those of its length; null while its length is not there.</summary>
    private int? Whole(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < sizeof(int))
        {
            return null;
        }

        int size = BinaryPrimitives.ReadInt32BigEndian(bytes);
        _lost = size is < 0 or > MaxFrame;
        return _lost ? sizeof(int) : sizeof(int) + size;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        int length = _restLength + bytes.Length;
        if (length > _rest.Length)
        {
            Array.Resize(ref _rest, Math.Max(length, Math.Max(FirstCapacity, _rest.Length * 2)));
        }

        bytes.CopyTo(_rest.AsSpan(_restLength));
        _restLength = length;
    }
}
