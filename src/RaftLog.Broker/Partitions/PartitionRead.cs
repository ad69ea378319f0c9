using RaftLog.Protocol;
using RaftLog.Replication;
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

    /// <summary>It waits for a read with more room: another partition has filled the response.</summary>
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
    public EpochEnd? Diverging { get; init; }

    /// <summary>How far this reader may read now.</summary>
    public Offset Limit { get; init; }

    /// <summary>The high watermark.</summary>
    public Offset HighWatermark { get; init; }

    /// <summary>The last stable offset.</summary>
    public Offset LastStableOffset { get; init; }

    /// <summary>The start of the log.</summary>
    public Offset LogStart { get; init; }

    /// <summary>
    /// Finds what a verdict lets a reader have; again where a copy in another directory has taken the log's place meanwhile, since nothing
    /// is found in a log that is closed.
    /// </summary>
    internal static PartitionRead Of(
        ReplicaPlace place,
        in FetchVerdict verdict,
        Offset limit,
        in ReadableLimits limits,
        Offset from,
        ReadBudget budget
    )
    {
        while (true)
        {
            PartitionLog log = place.Log;
            PartitionRead read = Of(log, verdict, limit, limits, from, budget);
            if (log == place.Log || !read.Slice.IsEmpty)
            {
                return read;
            }

            read.Slice.Dispose();
        }
    }

    private static PartitionRead Of(
        PartitionLog log,
        in FetchVerdict verdict,
        Offset limit,
        in ReadableLimits limits,
        Offset from,
        ReadBudget budget
    )
    {
        if (verdict.Error != ErrorCode.None)
        {
            return Rejected(verdict.Error, log.StartOffset);
        }

        PartitionRead read = new()
        {
            Diverging = verdict.Diverging,
            Limit = limit,
            HighWatermark = limits.HighWatermark,
            LastStableOffset = limits.LastStableOffset,
            LogStart = log.StartOffset,
        };
        if (verdict.Diverging is not null)
        {
            return read;
        }

        ReadResult found = log.Read(from, budget.MaxBytes, limit, budget.First == FirstBatch.ComesWhole);
        return found.Error == ErrorCode.None ? read with { Slice = found.Slice } : Rejected(found.Error, log.StartOffset);
    }

    internal static PartitionRead Rejected(ErrorCode error, Offset logStart) =>
        new()
        {
            Error = error,
            Limit = Offset.None,
            HighWatermark = Offset.None,
            LastStableOffset = Offset.None,
            LogStart = logStart,
        };
}
