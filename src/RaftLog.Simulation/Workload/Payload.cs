using System.Buffers.Binary;
using RaftLog.Checking;

namespace RaftLog.Simulation;

/// <summary>What a record says: its value, and bytes that follow from it, so that a mixed-up record is seen.</summary>
internal static class Payload
{
    internal static byte[] Write(RecordValue value, int maxFill)
    {
        byte[] bytes = new byte[sizeof(long) + FillOf(value, maxFill)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value.Value);
        bytes.AsSpan(sizeof(long)).Fill((byte)value.Value);
        return bytes;
    }

    /// <summary>The value of a record; false when these bytes were never written.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> bytes, int maxFill, out RecordValue value)
    {
        value = default;
        if (bytes.Length < sizeof(long))
        {
            return false;
        }

        value = new RecordValue(BinaryPrimitives.ReadInt64BigEndian(bytes));
        ReadOnlySpan<byte> fill = bytes[sizeof(long)..];
        return fill.Length == FillOf(value, maxFill) && !fill.ContainsAnyExcept((byte)value.Value);
    }

    private static int FillOf(RecordValue value, int maxFill) => (int)((ulong)value.Value * 0x9E3779B1 % (ulong)maxFill);
}
