using System.Buffers.Binary;
using System.Security.Cryptography;

namespace RaftLog.Platform;

/// <summary>
/// The system's own entropy. On Linux it comes from the kernel: the .NET library would load OpenSSL for it, which takes a node's start
/// longer than its log.
/// </summary>
public sealed class SystemEntropy : IEntropy
{
    /// <inheritdoc/>
    public void Fill(Span<byte> target)
    {
        if (!OperatingSystem.IsLinux() || !Native.TryGetRandom(target))
        {
            RandomNumberGenerator.Fill(target);
        }
    }

    /// <inheritdoc/>
    public int Next(int exclusiveMax)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(exclusiveMax);

        // The numbers past the last whole multiple of the bound would make some results likelier than others.
        uint bound = (uint)exclusiveMax;
        uint tooMany = uint.MaxValue - (uint)((1UL << 32) % bound);
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        uint drawn;
        do
        {
            Fill(bytes);
            drawn = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        } while (drawn > tooMany);
        return (int)(drawn % bound);
    }
}
