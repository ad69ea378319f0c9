using System.Buffers.Binary;
using System.Numerics;

namespace RaftLog.Protocol.Records;

/// <summary>CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4), the checksum of record batches.</summary>
public static class Crc32C
{
    /// <summary>The checksum of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data) => ~Update(uint.MaxValue, data);

    private static uint Update(uint crc, ReadOnlySpan<byte> data)
    {
        while (data.Length >= sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[sizeof(ulong)..];
        }

        foreach (byte next in data)
        {
            crc = BitOperations.Crc32C(crc, next);
        }

        return crc;
    }
}
