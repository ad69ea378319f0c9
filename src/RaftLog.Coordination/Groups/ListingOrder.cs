namespace RaftLog.Coordination.Groups;

/// <summary>
/// The order in which Kafka's coordinator lists groups and members: its hash table walks its slots, and a slot is the upper bits of a
/// product of the key's hash. No document promises it, but it reaches clients, so a group reads the same from either system. Ties are in
/// ordinal order.
/// </summary>
internal sealed class ListingOrder : IComparer<string>
{
    /// <summary>2^64 divided by the golden ratio, as a signed number.</summary>
    private const long Multiplier = -7046029254386353131;

    public static ListingOrder Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        int bySlot = Slot(x!).CompareTo(Slot(y!));
        return bySlot != 0 ? bySlot : string.CompareOrdinal(x, y);
    }

    private static ulong Slot(string key)
    {
        int hash = 0;
        foreach (char unit in key)
        {
            hash = unchecked((31 * hash) + unit);
        }

        return unchecked((ulong)(hash * Multiplier));
    }
}
