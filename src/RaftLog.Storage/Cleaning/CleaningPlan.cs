using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage;

/// <summary>What a cleaning round starts from: taken under the partition's lock, then read without it.</summary>
internal sealed class CleaningPlan
{
    /// <summary>The bytes of a record that is small, compressed perhaps.</summary>
    private const int SmallRecord = 32;

    private readonly Dictionary<long, (Offset LastData, ProducerEpoch Epoch)> _producers;

    public CleaningPlan(
        LogSegment[] segments,
        CleanableRange range,
        LogSettings log,
        CleaningSettings settings,
        ProducerStates producers,
        int generation,
        long nowMs
    )
    {
        Segments = segments;
        Range = range;
        Log = log;
        Settings = settings;
        Generation = generation;
        NowMs = nowMs;
        _producers = new(producers.Count);
        foreach (ProducerState producer in producers.Producers)
        {
            _producers.Add(producer.Id.Value, (producer.Last?.LastOffset ?? Offset.None, producer.Epoch));
        }
    }

    /// <summary>
    /// About how many keys the dirty part has: a little more than half as many as it has offsets, of which the holes that compaction has
    /// made may be most, and no more than its bytes have room for.
    /// </summary>
    public long ExpectedKeys => Math.Min(Range.FirstUncleanable - Range.FirstDirty, Range.DirtyBytes / SmallRecord) * 5 / 8;

    /// <summary>The segments below <see cref="CleanableRange.FirstUncleanable"/>, in order.</summary>
    public LogSegment[] Segments { get; }

    /// <summary>What may be cleaned.</summary>
    public CleanableRange Range { get; }

    /// <summary>How the log is divided.</summary>
    public LogSettings Log { get; }

    /// <summary>The topic's settings.</summary>
    public CleaningSettings Settings { get; }

    /// <summary>
    /// The log's <see cref="PartitionLog.Generation"/>: once that is another, records may be gone for whose sake others would be dropped.
    /// </summary>
    public int Generation { get; }

    /// <summary>The round's time, wall-clock milliseconds since 1970.</summary>
    public long NowMs { get; }

    /// <summary>
    /// True for the batch from which a producer's state would be rebuilt: its last one, or of a producer of which only markers are known a
    /// marker of its epoch.
    /// </summary>
    public bool IsLastOfProducer(RecordBatch batch) =>
        batch.ProducerId.IsPresent
        && _producers.TryGetValue(batch.ProducerId.Value, out (Offset LastData, ProducerEpoch Epoch) last)
        && (
            last.LastData != Offset.None
                ? batch.LastOffset == last.LastData
                : batch.Attributes.IsControl && batch.ProducerEpoch == last.Epoch
        );

    /// <summary>
    /// The segments up to an offset, in groups whose output fits into one segment each: as many bytes as a segment may have, and offsets
    /// that its index can hold.
    /// </summary>
    public List<LogSegment[]> Groups(Offset end)
    {
        List<LogSegment[]> groups = [];
        List<LogSegment> group = [];
        long bytes = 0;
        foreach (LogSegment segment in Segments)
        {
            if (segment.BaseOffset >= end)
            {
                break;
            }

            bool fits =
                group.Count == 0 || (bytes + segment.Size <= Log.SegmentBytes && segment.NextOffset - group[0].BaseOffset <= int.MaxValue);
            if (!fits)
            {
                groups.Add([.. group]);
                group.Clear();
                bytes = 0;
            }

            group.Add(segment);
            bytes += segment.Size;
        }

        if (group.Count > 0)
        {
            groups.Add([.. group]);
        }

        return groups;
    }
}
