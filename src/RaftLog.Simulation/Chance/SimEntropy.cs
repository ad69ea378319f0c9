using System.Buffers.Binary;
using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>The chance of one incarnation: a stream of the seed.</summary>
internal sealed class SimEntropy(SimRandom random) : IEntropy
{
    public void Fill(Span<byte> target)
    {
        Span<byte> bits = stackalloc byte[sizeof(ulong)];
        while (target.Length > 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bits, random.NextBits());
            int part = Math.Min(target.Length, bits.Length);
            bits[..part].CopyTo(target);
            target = target[part..];
        }
    }

    public int Next(int exclusiveMax) => random.Next(exclusiveMax);
}
