namespace RaftLog.Protocol;

/// <summary>The position of one record in one partition's log; the first record of a log has offset 0.</summary>
/// <param name="Value">The number as it stands on the wire.</param>
public readonly record struct Offset(long Value) : IComparable<Offset>
{
    /// <summary>No offset: the field is unset or the response is unknown (-1).</summary>
    public static readonly Offset None = new(-1);

    /// <summary>The first offset of every new log.</summary>
    public static readonly Offset Zero = new(0);

    public static Offset operator +(Offset offset, long records) => new(offset.Value + records);

    public static Offset operator -(Offset offset, long records) => new(offset.Value - records);

    /// <summary>The number of offsets from <paramref name="right"/> up to <paramref name="left"/>.</summary>
    public static long operator -(Offset left, Offset right) => left.Value - right.Value;

    public static Offset Min(Offset left, Offset right) => left <= right ? left : right;

    public static Offset Max(Offset left, Offset right) => left >= right ? left : right;

    /// <inheritdoc />
    public int CompareTo(Offset other) => Value.CompareTo(other.Value);

    public static bool operator <(Offset left, Offset right) => left.Value < right.Value;

    public static bool operator >(Offset left, Offset right) => left.Value > right.Value;

    public static bool operator <=(Offset left, Offset right) => left.Value <= right.Value;

    public static bool operator >=(Offset left, Offset right) => left.Value >= right.Value;

    /// <inheritdoc />
    public override string ToString() => Value.ToString();
}
