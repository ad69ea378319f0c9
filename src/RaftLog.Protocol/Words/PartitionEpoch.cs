namespace RaftLog.Protocol;

/// <summary>The version of one partition's assignment and in-sync set; every committed change raises it (KIP-497).</summary>
/// <param name="Value">The number as it stands on the wire.</param>
public readonly record struct PartitionEpoch(int Value) : IComparable<PartitionEpoch>
{
    /// <summary>No epoch known (-1).</summary>
    public static readonly PartitionEpoch None = new(-1);

    /// <summary>The epoch after one more change.</summary>
    public PartitionEpoch Next() => new(checked(Value + 1));

    /// <inheritdoc />
    public int CompareTo(PartitionEpoch other) => Value.CompareTo(other.Value);

    public static bool operator <(PartitionEpoch left, PartitionEpoch right) => left.Value < right.Value;

    public static bool operator >(PartitionEpoch left, PartitionEpoch right) => left.Value > right.Value;

    public static bool operator <=(PartitionEpoch left, PartitionEpoch right) => left.Value <= right.Value;

    public static bool operator >=(PartitionEpoch left, PartitionEpoch right) => left.Value >= right.Value;

    /// <inheritdoc />
    public override string ToString() => Value.ToString();
}
