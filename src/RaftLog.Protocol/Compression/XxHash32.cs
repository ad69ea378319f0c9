using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace RaftLog.Protocol.Compression;

/// <summary>xxHash of 32 bits with seed 0, the checksum of lz4 frames (xxHash specification, section "XXH32").</summary>
internal struct XxHash32
{
    private const uint Prime1 = 2654435761;
    private const uint Prime2 = 2246822519;
    private const uint Prime3 = 3266489917;
    private const uint Prime4 = 668265263;
    private const uint Prime5 = 374761393;
    private const int Stripe = 16;

    private uint _a;
    private uint _b;
    private uint _c;
    private uint _d;
    private uint _length;
    private Tail _tail;
    private int _tailLength;

    /// <summary>The hash of no bytes yet.</summary>
    public XxHash32()
    {
        _a = unchecked(Prime1 + Prime2);
        _b = Prime2;
        _c = 0;
        _d = unchecked(0u - Prime1);
    }

    public static uint Compute(ReadOnlySpan<byte> data)
    {
        XxHash32 hash = new();
        hash.Append(data);
        return hash.Finish();
    }

    /// <summary>Takes in the next bytes.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        _length += (uint)data.Length;
        if (_tailLength > 0)
        {
            int taken = Math.Min(Stripe - _tailLength, data.Length);
            data[..taken].CopyTo(_tail[_tailLength..]);
            _tailLength += taken;
            data = data[taken..];
            if (_tailLength < Stripe)
            {
                return;
            }

            Stripes(_tail);
        }

        int whole = data.Length - (data.Length % Stripe);
        Stripes(data[..whole]);
        data[whole..].CopyTo(_tail);
        _tailLength = data.Length - whole;
    }

    /// <summary>The hash of all bytes.</summary>
    public readonly uint Finish()
    {
        uint hash = _length < Stripe
            ? Prime5
            : BitOperations.RotateLeft(_a, 1) + BitOperations.RotateLeft(_b, 7) + BitOperations.RotateLeft(_c, 12) + BitOperations.RotateLeft(_d, 18);
        hash += _length;
        ReadOnlySpan<byte> data = ((ReadOnlySpan<byte>)_tail)[.._tailLength];
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

    private void Stripes(ReadOnlySpan<byte> data)
    {
        (uint a, uint b, uint c, uint d) = (_a, _b, _c, _d);
        while (data.Length >= Stripe)
        {
            a = Round(a, BinaryPrimitives.ReadUInt32LittleEndian(data));
            b = Round(b, BinaryPrimitives.ReadUInt32LittleEndian(data[4..]));
            c = Round(c, BinaryPrimitives.ReadUInt32LittleEndian(data[8..]));
            d = Round(d, BinaryPrimitives.ReadUInt32LittleEndian(data[12..]));
            data = data[Stripe..];
        }

        (_a, _b, _c, _d) = (a, b, c, d);
    }

    private static uint Round(uint lane, uint input) => BitOperations.RotateLeft(lane + (input * Prime2), 13) * Prime1;

    [InlineArray(Stripe)]
    private struct Tail
    {
        private byte _first;
    }
}
