namespace RaftLog.Raft.Tests.Simulation;

/// <summary>SplitMix64: small, and the same numbers in every runtime.</summary>
internal sealed class SeededRandom(ulong seed) : IElectionRandom
{
    private ulong _state = seed * 0x9E3779B97F4A7C15UL + 0x632BE59BD9B4E019UL;

    public ulong NextBits()
    {
        ulong mixed = _state += 0x9E3779B97F4A7C15UL;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9UL;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBUL;
        return mixed ^ (mixed >> 31);
    }

    public int Next(int minimum, int limit) => limit <= minimum ? minimum : minimum + (int)(NextBits() % (ulong)(limit - minimum));

    public int Below(int limit) => Next(0, limit);

    public bool Chance(int perThousand) => Below(1000) < perThousand;
}
