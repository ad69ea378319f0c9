namespace RaftLog.Protocol;

/// <summary>
/// The number of a leadership of one partition, or of the metadata quorum; it grows with every election (KIP-101, KIP-320).
/// </summary>
/// <param name="Value">The number as it stands on the wire.</param>
public readonly record struct LeaderEpoch(int Value) : IComparable<LeaderEpoch>
{
    /// <summary>No epoch known (-1).</summary>
    public static readonly LeaderEpoch None = new(-1);

    public static readonly LeaderEpoch Zero = new(0);

    /// <summary>The epoch of the next leadership.</summary>
    public LeaderEpoch Next() => new(checked(Value + 1));

    /// <inheritdoc />
    public int CompareTo(LeaderEpoch other) => Value.CompareTo(other.Value);

    public static bool operator <(LeaderEpoch left, LeaderEpoch right) => left.Value < right.Value;

    public static bool operator >(LeaderEpoch left, LeaderEpoch right) => left.Value > right.Value;

    public static bool operator <=(LeaderEpoch left, LeaderEpoch right) => left.Value <= right.Value;

    public static bool operator >=(LeaderEpoch left, LeaderEpoch right) => left.Value >= right.Value;

    /// <inheritdoc />
    public override string ToString() => Value.ToString();
}
