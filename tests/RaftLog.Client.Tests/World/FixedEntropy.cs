using RaftLog.Platform;

namespace RaftLog.Client.Tests;

/// <summary>Chance from a seed, the same in every run.</summary>
internal sealed class FixedEntropy(int seed) : IEntropy
{
    private readonly Random _random = new(seed);

    public void Fill(Span<byte> target) => _random.NextBytes(target);

    public int Next(int exclusiveMax) => _random.Next(exclusiveMax);
}
