using System.Globalization;
using System.Text;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Simulation;

/// <summary>
/// A replica's log as a disk image has it: what a machine would find after a loss of power, or, where only the page cache is promised,
/// after the death of the process. Read from the image alone, never from a node.
/// </summary>
/// <param name="volume">The machine's disk.</param>
/// <param name="directory">The log's directory.</param>
/// <param name="durable">Whether the image is the medium or the page cache.</param>
/// <param name="isCompacted">Whether holes between batches are the cleaner's, and its unfinished work is looked at.</param>
/// <param name="topic">The id that the log must show, of a topic whose name others have had; null where there is no other.</param>
internal sealed class ReplicaImage(SimVolume volume, string directory, bool durable, bool isCompacted, Uuid? topic = null)
{
    private const string LogSuffix = ".log";
    private const string SwapSuffix = ".log.swap";
    private const int OffsetDigits = 20;

    private readonly Dictionary<SimInode, SegmentScan> _scans = [];
    private readonly List<SegmentScan> _segments = [];
    private readonly List<ImageBatch> _gone = [];
    private readonly List<ImageBatch> _come = [];
    private readonly List<ImageBatch> _ignored = [];
    private SimDirectory? _directory;
    private SimDirectory? _shown;
    private long _directoryVersion = -1;
    private int _crashes = -1;

    /// <summary>The directory that it was read from; null where there is none.</summary>
    internal SimDirectory? Directory => _directory;

    /// <summary>The first offset; zero when there is none.</summary>
    internal Offset Start { get; private set; }

    /// <summary>The end of what stands there without a hole.</summary>
    internal Offset End { get; private set; }

    /// <summary>The epoch of the last batch; none where there is no batch.</summary>
    internal LeaderEpoch LastEpoch { get; private set; } = LeaderEpoch.None;

    /// <summary>
    /// Batches of the log that the last <see cref="Refresh"/> did not find any more at their old place. What stood behind a gap, or behind
    /// an old end that a lost truncation had left, was never part of it.
    /// </summary>
    internal IReadOnlyList<ImageBatch> Gone => _gone;

    /// <summary>Batches that the last <see cref="Refresh"/> found first.</summary>
    internal IReadOnlyList<ImageBatch> Come => _come;

    /// <summary>The batches of the log, in order.</summary>
    internal IEnumerable<ImageBatch> Batches => _segments.Where(static each => each.IsInLog).SelectMany(static each => each.Batches);

    /// <summary>The records of batches that the last <see cref="Refresh"/> found first, of a compacted log.</summary>
    internal IEnumerable<(LeaderEpoch Epoch, ImageRecord Record)> NewRecords
    {
        get
        {
            foreach (ImageBatch batch in _come)
            {
                foreach (
                    (LeaderEpoch, ImageRecord) record in RecordsFrom(batch.Base).TakeWhile(each => each.Record.Offset <= batch.Last.Value)
                )
                {
                    yield return record;
                }
            }
        }
    }

    /// <summary>Looks at the image; false when nothing has changed.</summary>
    internal bool Refresh()
    {
        _gone.Clear();
        _come.Clear();
        _ignored.Clear();
        bool changed = RefreshSegments();
        foreach (SegmentScan segment in _segments)
        {
            changed |= segment.Refresh(segment.IsInLog ? _gone : _ignored, _come);
        }

        if (changed)
        {
            FindEnds();
        }

        return changed;
    }

    /// <summary>The batch that holds an offset.</summary>
    internal bool TryFind(Offset offset, out ImageBatch found)
    {
        found = default;
        if (offset < Start || offset >= End)
        {
            return false;
        }

        int segment = _segments.Count - 1;
        while (segment > 0 && (_segments[segment].Batches.Count == 0 || _segments[segment].Batches[0].Base > offset))
        {
            segment--;
        }

        IReadOnlyList<ImageBatch> batches = _segments[segment].Batches;
        if (batches.Count == 0)
        {
            return false;
        }

        int low = 0;
        int high = batches.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (batches[middle].Base <= offset)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        found = batches[low];
        return found.Base <= offset && found.Last >= offset;
    }

    /// <summary>The records of a compacted log from an offset on.</summary>
    internal IEnumerable<(LeaderEpoch Epoch, ImageRecord Record)> RecordsFrom(Offset offset)
    {
        foreach (SegmentScan segment in _segments.Where(static each => each.IsInLog))
        {
            for (int i = FirstEndingAt(segment, offset); i < segment.Batches.Count; i++)
            {
                foreach (ImageRecord record in segment.RecordsOf(i).ToArray())
                {
                    if (record.Offset >= offset.Value)
                    {
                        yield return (segment.Batches[i].Epoch, record);
                    }
                }
            }
        }
    }

    /// <summary>The batches of a compacted log from an offset on, each with its records.</summary>
    internal IEnumerable<(ImageBatch Batch, ImageRecord[] Records)> BatchesFrom(Offset offset)
    {
        foreach (SegmentScan segment in _segments.Where(static each => each.IsInLog))
        {
            for (int i = FirstEndingAt(segment, offset); i < segment.Batches.Count; i++)
            {
                yield return (segment.Batches[i], segment.RecordsOf(i).ToArray());
            }
        }
    }

    /// <summary>The record of a compacted log that stands at an offset.</summary>
    internal bool TryFindRecord(long offset, out ImageRecord found)
    {
        foreach (SegmentScan segment in _segments)
        {
            int at = segment.IsInLog ? FirstEndingAt(segment, new Offset(offset)) : segment.Batches.Count;
            if (at < segment.Batches.Count && segment.Batches[at].Base.Value <= offset)
            {
                foreach (ref readonly ImageRecord record in segment.RecordsOf(at))
                {
                    if (record.Offset == offset)
                    {
                        found = record;
                        return true;
                    }
                }
            }
        }

        found = default;
        return false;
    }

    /// <summary>The index of the first batch that ends at an offset or behind it.</summary>
    private static int FirstEndingAt(SegmentScan segment, Offset offset)
    {
        int low = 0;
        int high = segment.Batches.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = segment.Batches[middle].Last < offset ? (middle + 1, high) : (low, middle);
        }

        return low;
    }

    private bool RefreshSegments()
    {
        SimDirectory? now = volume.Find(directory, durable) is SimDirectory found && IsOfTopic(found) ? found : null;
        if (now == _directory && (now?.Version ?? -1) == _directoryVersion && _crashes == volume.Crashes)
        {
            return false;
        }

        (_directory, _directoryVersion, _crashes) = (now, now?.Version ?? -1, volume.Crashes);
        List<(long Base, SimInode File)> files = FindFiles((durable ? now?.Durable : now?.Current) ?? []);
        foreach (SimInode old in _scans.Keys.Where(each => !files.Exists(file => file.File == each)).ToList())
        {
            if (_scans[old].IsInLog)
            {
                _gone.AddRange(_scans[old].Batches);
            }

            _scans.Remove(old);
        }

        _segments.Clear();
        foreach ((long first, SimInode file) in files)
        {
            if (!_scans.TryGetValue(file, out SegmentScan? scan))
            {
                scan = new SegmentScan(durable ? file.Durable : file.Current, isCompacted);
                _scans.Add(file, scan);
            }

            scan.Base = new Offset(first);
            _segments.Add(scan);
        }

        return true;
    }

    private bool IsOfTopic(SimDirectory found)
    {
        if (topic is not { } id || found == _shown)
        {
            return true;
        }

        bool shows =
            (durable ? found.Durable : found.Current).GetValueOrDefault(LogDirectory.PartitionMetadataName) is SimInode file
            && Encoding.UTF8.GetString((durable ? file.Durable : file.Current).Span).Contains(id.ToString(), StringComparison.Ordinal);
        _shown = shows ? found : _shown;
        return shows;
    }

    /// <summary>The files of the log in order; a segment that is to take the place of others stands before those.</summary>
    private List<(long Base, SimInode File)> FindFiles(SortedDictionary<string, object> names)
    {
        List<(long Base, SimInode File)> files = [];
        string[] suffixes = isCompacted ? [SwapSuffix, LogSuffix] : [LogSuffix];
        foreach (
            (string name, object entry) in suffixes.SelectMany(suffix =>
                names.Where(each => each.Key.EndsWith(suffix, StringComparison.Ordinal))
            )
        )
        {
            if (
                entry is SimInode file
                && long.TryParse(name.AsSpan(0, OffsetDigits), NumberStyles.None, CultureInfo.InvariantCulture, out long first)
            )
            {
                files.Add((first, file));
            }
        }

        return [.. files.OrderBy(static each => each.Base)];
    }

    /// <summary>Each file with its batches, for people.</summary>
    public override string ToString() =>
        string.Join(
            ", ",
            _segments.Select(each =>
                $"{each.Base}: "
                + (
                    each.Batches.Count == 0
                        ? "no batch"
                        : $"{each.Batches[0].Base} to {each.Batches[^1].Last} in {each.Batches.Count}, "
                            + $"epochs {each.Batches[0].Epoch} to {each.Batches[^1].Epoch}"
                )
                + $"{(each.IsWhole ? "" : ", then what is no batch")}{(each.IsInLog ? "" : ", not in the log")}"
            )
        );

    private void FindEnds()
    {
        Offset? end = null;
        Start = Offset.Zero;
        LastEpoch = LeaderEpoch.None;
        bool isWhole = true;
        bool isBeforeWhole = true;
        foreach (SegmentScan segment in _segments)
        {
            // Below the end of what stands before is what compaction takes the place of: a start drops it.
            bool isReplaced = isCompacted && end is { } before && segment.Base < before && segment.Batches.Count > 0;
            Offset first = segment.Batches.Count > 0 && !isCompacted ? segment.Batches[0].Base : segment.Base;
            if (end is null)
            {
                Start = first;
            }

            isWhole &= isReplaced || end is null || first == end || (isCompacted && isBeforeWhole && first > end);
            segment.IsInLog = isWhole && !isReplaced;
            if (segment.IsInLog)
            {
                end = segment.Batches.Count > 0 ? segment.Batches[^1].Last + 1 : first;
                LastEpoch = segment.Batches.Count > 0 ? segment.Batches[^1].Epoch : LastEpoch;
                isBeforeWhole = segment.IsWhole;
            }
        }

        End = end ?? Offset.Zero;
    }
}
