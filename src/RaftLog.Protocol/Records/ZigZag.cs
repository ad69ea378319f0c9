using System.Numerics;
using System.Runtime.CompilerServices;

namespace RaftLog.Protocol.Records;

/// <summary>
/// The variable-length signed numbers of records: zig-zag, seven bits a byte, lowest first (Protocol Buffers' sint32 and sint64).
/// </summary>
internal static class ZigZag
{
    public const int LargestInt32 = 5;
    public const int LargestInt64 = 10;

    public static int Size(int value) => SizeOf((uint)((value << 1) ^ (value >> 31)));

    public static int Size(long value) => SizeOf((ulong)((value << 1) ^ (value >> 63)));

    public static int Write(Span<byte> target, int value) => Write(target, (ulong)(uint)((value << 1) ^ (value >> 31)));

    public static int Write(Span<byte> target, long value) => Write(target, (ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Reads at <paramref name="position"/> and moves it; false when the number does not end in time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> source, ref int position, out int value)
    {
        int at = position;
        if ((uint)at < (uint)source.Length && source[at] < 0x80)
        {
            uint one = source[at];
            position = at + 1;
            value = (int)(one >> 1) ^ -(int)(one & 1);
            return true;
        }

        ulong raw = ReadLong(source, ref at, LargestInt32);
        bool read = at >= 0;
        position = read ? at : position;
        value = (int)((uint)raw >> 1) ^ -(int)(raw & 1);
        return read;
    }

    /// <inheritdoc cref="TryRead(ReadOnlySpan{byte}, ref int, out int)" />
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(ReadOnlySpan<byte> source, ref int position, out long value)
    {
        int at = position;
        if ((uint)at < (uint)source.Length && source[at] < 0x80)
        {
            uint one = source[at];
            position = at + 1;
            value = (int)(one >> 1) ^ -(int)(one & 1);
            return true;
        }

        ulong raw = ReadLong(source, ref at, LargestInt64);
        bool read = at >= 0;
        position = read ? at : position;
        value = (long)(raw >> 1) ^ -(long)(raw & 1);
        return read;
    }

    /// <summary>Reads a number of several bytes; the position becomes negative when it does not end in time.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong ReadLong(ReadOnlySpan<byte> source, ref int position, int most)
    {
        ulong value = 0;
        int end = (int)Math.Min((long)position + most, source.Length);
        int shift = 0;
        for (int at = position; (uint)at < (uint)end; at++)
        {
            byte next = source[at];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                position = at + 1;
                return value;
            }

            shift += 7;
        }

        position = -1;
        return 0;
    }

    private static int Write(Span<byte> target, ulong bits)
    {
        int written = 0;
        while (bits >= 0x80)
        {
            target[written++] = (byte)(bits | 0x80);
            bits >>= 7;
        }

        target[written++] = (byte)bits;
        return written;
    }

    private static int SizeOf(ulong bits) => (BitOperations.Log2(bits | 1) / 7) + 1;
}
