namespace RaftLog.Checking;

/// <summary>What a workload wrote into a record: a number that no other send of the run has.</summary>
/// <param name="Value">The number.</param>
public readonly record struct RecordValue(long Value) : IComparable<RecordValue>
{
    /// <inheritdoc />
    public int CompareTo(RecordValue other) => Value.CompareTo(other.Value);

    /// <summary>In hexadecimal, as in the traces.</summary>
    public override string ToString() => Value.ToString("x");
}
