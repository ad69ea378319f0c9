namespace RaftLog.Client.Consume;

/// <summary>Where to go on when a position is not in the log (auto.offset.reset).</summary>
public readonly record struct OffsetReset
{
    private readonly StartAt? _start;

    private OffsetReset(StartAt start)
    {
        _start = start;
    }

    /// <summary>Nowhere: reading fails until a seek (none).</summary>
    public static OffsetReset Error => default;

    /// <summary>At the first offset of the log.</summary>
    public static OffsetReset Earliest { get; } = new(StartAt.Beginning);

    /// <summary>At its end.</summary>
    public static OffsetReset Latest { get; } = new(StartAt.End);

    /// <summary>
    /// At the first record that is not older than this when the search begins (by_duration, KIP-1106); at the end where there is none.
    /// </summary>
    public static OffsetReset ByDuration(TimeSpan age) => new(StartAt.Age(age));

    /// <summary>True with the place to go on at.</summary>
    internal bool TryGetStart(out StartAt start)
    {
        start = _start ?? StartAt.Beginning;
        return _start is not null;
    }
}
