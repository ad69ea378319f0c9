using System.Buffers.Binary;

namespace RaftLog.Simulation;

/// <summary>Finds the frames in what one side of a connection sends.</summary>
internal sealed class FrameSplitter(Action<Memory<byte>> take)
{
    private const int MaxFrame = 64 << 20;

    private byte[] _rest = [];
    private bool _lost;

    /// <summary>True while a frame has begun and its end has not been seen.</summary>
    internal bool IsMidFrame => _rest.Length > 0;

    internal void Take(byte[] bytes)
    {
        if (_lost)
        {
            return;
        }

        byte[] all = _rest.Length == 0 ? bytes : [.. _rest, .. bytes];
        int at = 0;
        while (all.Length - at >= sizeof(int))
        {
            int size = BinaryPrimitives.ReadInt32BigEndian(all.AsSpan(at));
            if (size is < 0 or > MaxFrame)
            {
                _lost = true;
                return;
            }

            if (all.Length - at - sizeof(int) < size)
            {
                break;
            }

            take(all.AsMemory(at + sizeof(int), size));
            at += sizeof(int) + size;
        }

        _rest = at == all.Length ? [] : all[at..];
    }
}
