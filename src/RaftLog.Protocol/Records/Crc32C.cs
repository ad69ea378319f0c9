using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Arm = System.Runtime.Intrinsics.Arm;

namespace RaftLog.Protocol.Records;

/// <summary>
/// CRC-32C (Castagnoli polynomial, RFC 3720 appendix B.4), the checksum of record batches. The processor's instruction waits three cycles
/// for its last result, so long data is taken in three lanes at once, whose checksums are joined by a carry-less multiplication.
/// </summary>
public static class Crc32C
{
    /// <summary>The checksum of <paramref name="data"/>.</summary>
    public static uint Compute(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        if (CanMultiply && BitConverter.IsLittleEndian)
        {
            crc = InLanes(crc, ref data, Lanes.Large);
            crc = InLanes(crc, ref data, Lanes.Medium);
            crc = InLanes(crc, ref data, Lanes.Small);
        }

        return ~InOneChain(crc, data);
    }

    private static bool CanMultiply => Pclmulqdq.IsSupported || Arm.Aes.IsSupported;

    private static uint InOneChain(uint crc, ReadOnlySpan<byte> data)
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

    private static uint InLanes(uint crc, ref ReadOnlySpan<byte> data, Lanes lanes)
    {
        int size = lanes.Size;
        while (data.Length >= 3 * size)
        {
            ref byte first = ref MemoryMarshal.GetReference(data);
            ref byte second = ref Unsafe.Add(ref first, size);
            ref byte third = ref Unsafe.Add(ref second, size);
            uint a = crc;
            uint b = 0;
            uint c = 0;
            for (nint at = 0; at < size; at += sizeof(ulong))
            {
                a = BitOperations.Crc32C(a, Unsafe.ReadUnaligned<ulong>(ref Unsafe.AddByteOffset(ref first, at)));
                b = BitOperations.Crc32C(b, Unsafe.ReadUnaligned<ulong>(ref Unsafe.AddByteOffset(ref second, at)));
                c = BitOperations.Crc32C(c, Unsafe.ReadUnaligned<ulong>(ref Unsafe.AddByteOffset(ref third, at)));
            }

            crc = BitOperations.Crc32C(0u, Multiply(a, lanes.ShiftTwo) ^ Multiply(b, lanes.ShiftOne)) ^ c;
            data = data[(3 * size)..];
        }

        return crc;
    }

    /// <summary>The product of two polynomials over GF(2), each of 32 bits.</summary>
    private static ulong Multiply(uint left, uint right) =>
        Pclmulqdq.IsSupported
            ? Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar((ulong)left), Vector128.CreateScalar((ulong)right), 0).ToScalar()
            : Arm.Aes.PolynomialMultiplyWideningLower(Vector64.Create((ulong)left), Vector64.Create((ulong)right)).ToScalar();

    /// <summary>
    /// A size of lanes, and the polynomials that move a checksum over one and two of them: x^(8n-33) mod P for n bytes in reflected form,
    /// where the 33 makes up for the reduction by the instruction itself (32) and the reflected product (1).
    /// </summary>
    private readonly record struct Lanes(int Size, uint ShiftOne, uint ShiftTwo)
    {
        public static Lanes Small => new(256, 0xB9E02B86, 0xDD7E3B0C);

        public static Lanes Medium => new(4096, 0x82F89C77, 0x54A86326);

        public static Lanes Large => new(16384, 0x1DC403CC, 0x5AE703AB);
    }
}
