using System;
using System.Globalization;

namespace RaftLog.Protocol.Generator;

/// <summary>Versions from a lowest to a highest one, both included; empty when the lowest is above the highest.</summary>
internal readonly struct VersionRange
{
    public const int Unbounded = short.MaxValue;

    public static readonly VersionRange None = new(1, 0);

    public VersionRange(int lowest, int highest)
    {
        Lowest = lowest;
        Highest = highest;
    }

    public int Lowest { get; }

    public int Highest { get; }

    public bool IsEmpty => Lowest > Highest;

    public bool Contains(int version) => version >= Lowest && version <= Highest;

    public bool Covers(VersionRange other) => other.IsEmpty || (Lowest <= other.Lowest && Highest >= other.Highest);

    public VersionRange Intersect(VersionRange other) => new(Math.Max(Lowest, other.Lowest), Math.Min(Highest, other.Highest));

    /// <summary>Reads <c>3+</c>, <c>0-12</c> or <c>5</c>.</summary>
    public static bool TryParse(string text, out VersionRange range)
    {
        range = None;
        int dash = text.IndexOf('-');
        if (text.EndsWith("+", StringComparison.Ordinal))
        {
            if (!TryNumber(text.Substring(0, text.Length - 1), out int from))
            {
                return false;
            }

            range = new VersionRange(from, Unbounded);
        }
        else if (dash > 0)
        {
            if (!TryNumber(text.Substring(0, dash), out int from) || !TryNumber(text.Substring(dash + 1), out int to))
            {
                return false;
            }

            range = new VersionRange(from, to);
        }
        else
        {
            if (!TryNumber(text, out int only))
            {
                return false;
            }

            range = new VersionRange(only, only);
        }

        return !range.IsEmpty;
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= short.MaxValue;
}
