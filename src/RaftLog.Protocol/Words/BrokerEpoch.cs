namespace RaftLog.Protocol;

/// <summary>The incarnation of a broker: the offset of its registration in the metadata log (KIP-631, KIP-903).</summary>
/// <param name="Value">The number as it stands on the wire.</param>
public readonly record struct BrokerEpoch(long Value) : IComparable<BrokerEpoch>
{
    /// <summary>The broker has no epoch yet, or the sender does not know it (-1).</summary>
    public static readonly BrokerEpoch None = new(-1);

    /// <inheritdoc />
    public int CompareTo(BrokerEpoch other) => Value.CompareTo(other.Value);

    public static bool operator <(BrokerEpoch left, BrokerEpoch right) => left.Value < right.Value;

    public static bool operator >(BrokerEpoch left, BrokerEpoch right) => left.Value > right.Value;

    public static bool operator <=(BrokerEpoch left, BrokerEpoch right) => left.Value <= right.Value;

    public static bool operator >=(BrokerEpoch left, BrokerEpoch right) => left.Value >= right.Value;

    /// <inheritdoc />
    public override string ToString() => Value.ToString();
}
