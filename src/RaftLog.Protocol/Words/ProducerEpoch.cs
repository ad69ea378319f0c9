namespace RaftLog.Protocol;

/// <summary>The incarnation of a producer id; an older epoch is fenced (KIP-98, KIP-360).</summary>
/// <param name="Value">The number as it stands on the wire.</param>
public readonly record struct ProducerEpoch(short Value) : IComparable<ProducerEpoch>
{
    public static readonly ProducerEpoch None = new(-1);

    /// <inheritdoc />
    public int CompareTo(ProducerEpoch other) => Value.CompareTo(other.Value);

    public static bool operator <(ProducerEpoch left, ProducerEpoch right) => left.Value < right.Value;

    public static bool operator >(ProducerEpoch left, ProducerEpoch right) => left.Value > right.Value;

    public static bool operator <=(ProducerEpoch left, ProducerEpoch right) => left.Value <= right.Value;

    public static bool operator >=(ProducerEpoch left, ProducerEpoch right) => left.Value >= right.Value;

    /// <inheritdoc />
    public override string ToString() => Value.ToString();
}
