using System.IO.Hashing;

namespace RaftLog.TestKit;

/// <summary>Frames of lz4 as others write them.</summary>
public static class Lz4Frames
{
    private const int Flags = 4;
    private const int HeadChecksum = 6;
    private const byte Independent = 0x20;

    /// <summary>
    /// Makes a frame without content size say that its blocks look back at the ones before, as lz4 libraries do by themselves.
    /// </summary>
    public static void Link(Span<byte> frame)
    {
        frame[Flags] &= unchecked((byte)~Independent);
        frame[HeadChecksum] = (byte)(XxHash32.HashToUInt32(frame[Flags..HeadChecksum]) >> 8);
    }
}
