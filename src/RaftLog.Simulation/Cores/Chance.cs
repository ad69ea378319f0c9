using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Raft;

namespace RaftLog.Simulation.Cores;

/// <summary>One stream of a seed's random numbers, in the forms that the cores and their world ask for.</summary>
internal sealed class Chance(SimRandom random) : IElectionRandom, IRandomSource
{
    public Chance(ulong seed)
        : this(new SimRandom(seed)) { }

    public ulong NextBits() => random.NextBits();

    /// <summary>From <paramref name="minimum"/> to <paramref name="limit"/> - 1; the minimum when there is nothing between.</summary>
    public int Next(int minimum, int limit) => limit <= minimum ? minimum : minimum + random.Next(limit - minimum);

    /// <summary>From 0 to <paramref name="exclusiveMax"/> - 1.</summary>
    public int Next(int exclusiveMax) => random.Next(exclusiveMax);

    /// <summary>From <paramref name="least"/> to <paramref name="most"/>, both included.</summary>
    public int Between(int least, int most) => least + random.Next(most - least + 1);

    /// <summary>True this many times in a thousand.</summary>
    public bool PerMille(int times) => random.Next(1000) < times;

    public Uuid NextId() => new(NextBits(), NextBits());
}
