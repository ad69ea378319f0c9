using System.Security.Cryptography;

namespace RaftLog.Platform;

/// <summary>The system's own entropy.</summary>
public sealed class SystemEntropy : IEntropy
{
    /// <inheritdoc/>
    public void Fill(Span<byte> target) => RandomNumberGenerator.Fill(target);

    /// <inheritdoc/>
    public int Next(int exclusiveMax) => RandomNumberGenerator.GetInt32(exclusiveMax);
}
