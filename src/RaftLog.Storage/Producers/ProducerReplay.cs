using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Storage;

/// <summary>Makes producer states anew from a snapshot and the batches after it.</summary>
internal static class ProducerReplay
{
    /// <summary>
    /// Sets the states to what they were at the log's end, from a snapshot that knows no transaction which ended above the high watermark.
    /// </summary>
    public static void Rebuild(
        IDisk disk,
        string directory,
        IReadOnlyList<LogSegment> segments,
        ProducerStates producers,
        Offset highWatermark
    )
    {
        Offset from = ProducerSnapshots.RestoreNewest(disk, directory, highWatermark, producers) ?? Offset.Zero;
        foreach (LogSegment segment in segments)
        {
            if (segment.NextOffset > from)
            {
                Replay(segment, from, producers);
            }
        }
    }

    /// <summary>Applies a segment's batches from an offset on; its transaction index holds them already.</summary>
    public static void Replay(LogSegment segment, Offset from, ProducerStates producers)
    {
        using var scan = new BatchScanner(segment.Log, segment.WalkStart(from), segment.Size);
        while (scan.MoveNext())
        {
            if (
                scan.Header.BaseOffset >= from
                && scan.Header.Producer.Id.IsPresent
                && RecordBatch.Read(scan.Bytes(), out RecordBatch batch) == BatchStatus.Complete
            )
            {
                Apply(segment, batch, producers);
            }
        }
    }

    /// <summary>What lies below the recovery point was never looked at since it was written: the disk may give back other bytes.</summary>
    private static void Apply(LogSegment segment, RecordBatch batch, ProducerStates producers)
    {
        try
        {
            BatchEffects.Apply(batch, producers, null);
        }
        catch (ProtocolException damaged)
        {
            throw new DiskException(
                segment.Log.Path,
                DiskErrorKind.Io,
                "read",
                $"{damaged.Message}; \"A corrupt log\" in docs/operations.md says what to do"
            );
        }
    }
}
