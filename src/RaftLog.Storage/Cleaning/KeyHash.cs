using System.Buffers.Binary;
using System.Numerics;

namespace RaftLog.Storage;

/// <summary>
/// SipHash-2-4 with 128 bits (Aumasson and Bernstein): keys of records are told apart by it. Its secret makes two keys with the same hash
/// something that nobody can look for, and that does not happen by chance.
/// </summary>
/// <param name="Low">Half of the secret.</param>
/// <param name="High">The other half.</param>
internal readonly record struct KeyHash(ulong Low, ulong High)
{
    /// <summary>The hash of a record's key.</summary>
    public (ulong First, ulong Second) Of(ReadOnlySpan<byte> key)
    {
        ulong a = Low ^ 0x736f6d6570736575;
        ulong b = High ^ 0x646f72616e646f6d ^ 0xee;
        ulong c = Low ^ 0x6c7967656e657261;
        ulong d = High ^ 0x7465646279746573;
        ulong last = (ulong)key.Length << 56;
        while (key.Length >= sizeof(ulong))
        {
            Absorb(BinaryPrimitives.ReadUInt64LittleEndian(key), ref a, ref b, ref c, ref d);
            key = key[sizeof(ulong)..];
        }

        for (int i = 0; i < key.Length; i++)
        {
            last |= (ulong)key[i] << (8 * i);
        }

        Absorb(last, ref a, ref b, ref c, ref d);
        c ^= 0xee;
        Rounds(4, ref a, ref b, ref c, ref d);
        ulong first = a ^ b ^ c ^ d;
        b ^= 0xdd;
        Rounds(4, ref a, ref b, ref c, ref d);
        return (first, a ^ b ^ c ^ d);
    }

    private static void Absorb(ulong word, ref ulong a, ref ulong b, ref ulong c, ref ulong d)
    {
        d ^= word;
        Rounds(2, ref a, ref b, ref c, ref d);
        a ^= word;
    }

    private static void Rounds(int count, ref ulong a, ref ulong b, ref ulong c, ref ulong d)
    {
        for (int i = 0; i < count; i++)
        {
            a += b;
            b = BitOperations.RotateLeft(b, 13) ^ a;
            a = BitOperations.RotateLeft(a, 32);
            c += d;
            d = BitOperations.RotateLeft(d, 16) ^ c;
            a += d;
            d = BitOperations.RotateLeft(d, 21) ^ a;
            c += b;
            b = BitOperations.RotateLeft(b, 17) ^ c;
            c = BitOperations.RotateLeft(c, 32);
        }
    }
}
