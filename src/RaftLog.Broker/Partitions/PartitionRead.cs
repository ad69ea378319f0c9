using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>How many bytes a read may bring.</summary>
/// <param name="MaxBytes">The most bytes.</param>
/// <param name="First">What happens to a first batch that is larger.</param>
public readonly record struct ReadBudget(int MaxBytes, FirstBatch First);

/// <summary>What happens to a first batch larger than the budget.</summary>
public enum FirstBatch
{
    /// <summary>It comes whole, so that a reader always gets on (KIP-74).</summary>
    ComesWhole,

    /// <summary>It waits for a read with more room: another partition has filled the answer.</summary>
    MustFit,
}

/// <summary>What a fetch gets of one partition.</summary>
public readonly record struct PartitionRead
{
    /// <summary>Why there is nothing; none otherwise.</summary>
    public ErrorCode Error { get; init; }

    /// <summary>The bytes; dispose the slice after reading them. Empty when there are none below the limit.</summary>
    public LogSlice Slice { get; init; }

    /// <summary>The reader's log parts from this one here (KIP-595).</summary>
    public Replication.EpochEnd? Diverging { get; init; }

    /// <summary>How far this reader may read now.</summary>
    public Offset Limit { get; init; }

    /// <summary>The high watermark.</summary>
    public Offset HighWatermark { get; init; }

    /// <summary>The last stable offset.</summary>
    public Offset LastStableOffset { get; init; }

    /// <summary>The start of the log.</summary>
    public Offset LogStart { get; init; }

    internal static PartitionRead Refused(ErrorCode error, Offset logStart) => new()
    {
        Error = error,
        Limit = Offset.None,
        HighWatermark = Offset.None,
        LastStableOffset = Offset.None,
        LogStart = logStart,
    };
}
