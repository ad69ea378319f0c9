using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>The response to a look-up of an offset by time (ListOffsets).</summary>
/// <param name="Error">Why there is none; none otherwise, also when no record matches.</param>
/// <param name="Timestamp">The record's timestamp in milliseconds; -1 for the ends of the log, or when none matches.</param>
/// <param name="Offset">The offset; <see cref="Offset.None"/> when none matches.</param>
/// <param name="Epoch">The leader epoch of the record there; None when unknown.</param>
public readonly record struct OffsetLookup(ErrorCode Error, long Timestamp, Offset Offset, LeaderEpoch Epoch)
{
    /// <summary>The timestamp that asks for the end of what the reader may see.</summary>
    public const long Latest = -1;

    /// <summary>The timestamp that asks for the start of the log.</summary>
    public const long Earliest = -2;

    /// <summary>The timestamp that asks for the record with the largest timestamp (KIP-734).</summary>
    public const long MaxTimestamp = -3;

    /// <summary>The timestamp that asks for the start of the local log (KIP-405): here the start of the log.</summary>
    public const long EarliestLocal = -4;

    internal const long NoTimestamp = -1;

    internal static OffsetLookup Failed(ErrorCode error) => new(error, NoTimestamp, Offset.None, LeaderEpoch.None);

    internal static OffsetLookup Nothing => Failed(ErrorCode.None);

    /// <summary>Looks in a replica's log.</summary>
    /// <param name="place">Where it lies. A copy in another directory may take its place meanwhile, and nothing is found in a log that is
    /// closed.</param>
    /// <param name="timestamp">A time in milliseconds, or a special one.</param>
    /// <param name="limit">How far the asker may see.</param>
    /// <param name="latestError">Why the end cannot be told yet; none where it can.</param>
    internal static OffsetLookup In(ReplicaPlace place, long timestamp, Offset limit, ErrorCode latestError)
    {
        while (true)
        {
            PartitionLog log = place.Log;
            OffsetLookup found = In(log, timestamp, limit, latestError);
            if (log == place.Log)
            {
                return found;
            }
        }
    }

    /// <summary>Looks in a log.</summary>
    /// <param name="log">The log.</param>
    /// <param name="timestamp">A time in milliseconds, or a special one.</param>
    /// <param name="limit">How far the asker may see.</param>
    /// <param name="latestError">Why the end cannot be told yet; none where it can.</param>
    private static OffsetLookup In(PartitionLog log, long timestamp, Offset limit, ErrorCode latestError)
    {
        switch (timestamp)
        {
            case Latest:
                return latestError != ErrorCode.None
                    ? Failed(latestError)
                    : new OffsetLookup(ErrorCode.None, NoTimestamp, limit, log.Epochs.Latest);
            case Earliest or EarliestLocal:
                Offset start = log.StartOffset;
                return new OffsetLookup(ErrorCode.None, NoTimestamp, start, log.Epochs.At(start));
        }

        TimestampedOffset? found;
        try
        {
            found = timestamp == MaxTimestamp ? log.FindMaxTimestamp() : log.FindByTimestamp(timestamp);
        }
        catch (DecompressionBudgetException)
        {
            return Failed(ErrorCode.OffsetNotAvailable);
        }

        return found is { } record && record.Offset < limit
                ? new OffsetLookup(ErrorCode.None, record.Timestamp, record.Offset, record.Epoch)
            : latestError != ErrorCode.None ? Failed(latestError)
            : Nothing;
    }
}
