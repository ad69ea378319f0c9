namespace RaftLog.Client.Consume.Parallel;

/// <summary>Which records wait for one another when handlers run in parallel.</summary>
public enum ProcessingOrder
{
    /// <summary>Records of one partition are handled one after the other.</summary>
    Partition,

    /// <summary>Records of one partition with the same key are handled one after the other; those without a key wait for nobody.</summary>
    Key,

    /// <summary>No record waits for another.</summary>
    None,
}

/// <summary>How <see cref="Consumer.ProcessAsync"/> runs handlers.</summary>
public sealed record ProcessingOptions
{
    /// <summary>Which records wait for one another.</summary>
    public ProcessingOrder Order { get; init; } = ProcessingOrder.Partition;

    /// <summary>How many handlers run at once.</summary>
    public int MaxConcurrency { get; init; } = 16;

    /// <summary>
    /// How many records may be handled or wait for it; at the bound no more are taken from what was fetched ahead. One fetch may go over
    /// it. Of several partitions each has its share, so that slow handlers of one leave room for the others.
    /// </summary>
    public int MaxPending { get; init; } = 1000;

    /// <summary>
    /// How long running handlers may take to end when their partitions are taken away, or when processing ends. Then their token is
    /// cancelled, their records count as not handled, and nobody waits for them.
    /// </summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(30);

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConcurrency, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxPending, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(DrainTimeout, TimeSpan.Zero);
    }
}
