namespace RaftLog.Protocol;

/// <summary>The identity of an idempotent producer, handed out by the controller in blocks (KIP-98).</summary>
/// <param name="Value">The number as it stands on the wire.</param>
public readonly record struct ProducerId(long Value) : IComparable<ProducerId>
{
    /// <summary>The producer is not idempotent (-1).</summary>
    public static readonly ProducerId None = new(-1);

    /// <summary>True when a producer id is present.</summary>
    public bool IsPresent => Value >= 0;

    /// <inheritdoc />
    public int CompareTo(ProducerId other) => Value.CompareTo(other.Value);

    public static bool operator <(ProducerId left, ProducerId right) => left.Value < right.Value;

    public static bool operator >(ProducerId left, ProducerId right) => left.Value > right.Value;

    public static bool operator <=(ProducerId left, ProducerId right) => left.Value <= right.Value;

    public static bool operator >=(ProducerId left, ProducerId right) => left.Value >= right.Value;

    /// <inheritdoc />
    public override string ToString() => Value.ToString();
}
