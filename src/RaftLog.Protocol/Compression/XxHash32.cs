using System.Buffers.Binary;
using System.Numerics;

namespace RaftLog.Protocol.Compression;

/// <summary>xxHash of 32 bits with seed 0, the checksum of lz4 frames (xxHash specification, section "XXH32").</summary>
internal static class XxHash32
{
    private const uint Prime1 = 2654435761;
    private const uint Prime2 = 2246822519;
    private const uint Prime3 = 3266489917;
    private const uint Prime4 = 668265263;
    private const uint Prime5 = 374761393;
    private const int Stripe = 16;

    public static uint Compute(ReadOnlySpan<byte> data)
    {
        uint length = (uint)data.Length;
        uint hash = data.Length < Stripe ? Prime5 : Stripes(ref data);
        hash += length;
        while (data.Length >= sizeof(uint))
        {
            hash = BitOperations.RotateLeft(hash + (BinaryPrimitives.ReadUInt32LittleEndian(data) * Prime3), 17) * Prime4;
            data = data[sizeof(uint)..];
        }

        foreach (byte next in data)
        {
            hash = BitOperations.RotateLeft(hash + (next * Prime5), 11) * Prime1;
        }

        hash = (hash ^ (hash >> 15)) * Prime2;
        hash = (hash ^ (hash >> 13)) * Prime3;
        return hash ^ (hash >> 16);
    }

    private static uint Stripes(ref ReadOnlySpan<byte> data)
    {
        uint a = unchecked(Prime1 + Prime2);
        uint b = Prime2;
        uint c = 0;
        uint d = unchecked(0u - Prime1);
        while (data.Length >= Stripe)
        {
            a = Round(a, BinaryPrimitives.ReadUInt32LittleEndian(data));
            b = Round(b, BinaryPrimitives.ReadUInt32LittleEndian(data[4..]));
            c = Round(c, BinaryPrimitives.ReadUInt32LittleEndian(data[8..]));
            d = Round(d, BinaryPrimitives.ReadUInt32LittleEndian(data[12..]));
            data = data[Stripe..];
        }

        return BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7) + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
    }

    private static uint Round(uint lane, uint input) => BitOperations.RotateLeft(lane + (input * Prime2), 13) * Prime1;
}
