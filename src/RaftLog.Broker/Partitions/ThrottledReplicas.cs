using System.Globalization;
using RaftLog.Protocol;

namespace RaftLog.Broker.Partitions;

/// <summary>The replicas of one topic whose copying is slowed down (KIP-73).</summary>
/// <param name="List"><c>*</c> for all, or items of the form <c>partition:broker</c>, separated by commas; null or empty for none.</param>
public readonly record struct ThrottledReplicas(string? List)
{
    /// <summary>True when a replica of a partition is one of them.</summary>
    public bool Contains(int partition, NodeId replica)
    {
        if (string.IsNullOrWhiteSpace(List))
        {
            return false;
        }

        foreach (Range item in List.AsSpan().Split(','))
        {
            ReadOnlySpan<char> named = List.AsSpan(item).Trim();
            int colon = named.IndexOf(':');
            if (named is "*" || (colon > 0 && IsNumber(named[..colon], partition) && IsNumber(named[(colon + 1)..], replica.Value)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsNumber(ReadOnlySpan<char> text, int expected) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number == expected;
}
