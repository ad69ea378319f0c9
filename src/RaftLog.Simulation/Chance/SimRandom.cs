namespace RaftLog.Simulation;

/// <summary>
/// The simulator's own random numbers: xoshiro256** (Blackman and Vigna), seeded through SplitMix64, so that a seed means the same under
/// every runtime. Each subsystem draws from a stream of its own: one more draw in one of them does not reshuffle the others.
/// </summary>
public sealed class SimRandom
{
    private const ulong Golden = 0x9E3779B97F4A7C15;

    private readonly ulong _origin;
    private ulong _a;
    private ulong _b;
    private ulong _c;
    private ulong _d;

    /// <summary>The root stream of a seed.</summary>
    public SimRandom(ulong seed)
    {
        _origin = seed;
        ulong state = seed;
        _a = Mix(ref state);
        _b = Mix(ref state);
        _c = Mix(ref state);
        _d = Mix(ref state);
    }

    /// <summary>An independent stream; the same for the same name and number, whatever was drawn before.</summary>
    /// <param name="name">What draws from it.</param>
    /// <param name="number">Which of several.</param>
    public SimRandom Split(string name, long number = 0)
    {
        ulong state = _origin ^ Golden;
        foreach (char each in name)
        {
            state ^= each;
            state = Mix(ref state);
        }

        state ^= (ulong)number;
        return new SimRandom(Mix(ref state));
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        ulong result = ulong.RotateLeft(_b * 5, 7) * 9;
        ulong shifted = _b << 17;
        _c ^= _a;
        _d ^= _b;
        _b ^= _c;
        _a ^= _d;
        _c ^= shifted;
        _d = ulong.RotateLeft(_d, 45);
        return result;
    }

    /// <summary>A uniform number from 0 to <paramref name="exclusiveMax"/> - 1.</summary>
    public int Next(int exclusiveMax) => (int)Math.BigMul(NextBits(), (ulong)exclusiveMax, out _);

    /// <summary>A uniform number from 0 up to, not including, 1.</summary>
    public double NextUnit() => (NextBits() >> 11) * (1.0 / (1UL << 53));

    /// <summary>True with a probability.</summary>
    public bool Chance(double probability) => NextUnit() < probability;

    /// <summary>A uniform time between two.</summary>
    public TimeSpan Between(TimeSpan least, TimeSpan most) => least + ((most - least) * NextUnit());

    /// <summary>An exponentially distributed time.</summary>
    public TimeSpan Exponential(TimeSpan mean) => mean * -Math.Log(1 - NextUnit());

    private static ulong Mix(ref ulong state)
    {
        state += Golden;
        ulong mixed = state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}
