using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// A replica's log as a disk image has it: what a machine would find after a loss of power, or, where only the page cache is promised, after the death of
/// the process. Read from the image alone, never from a node.
/// </summary>
internal sealed class ReplicaImage(SimVolume volume, string directory, bool durable)
{
    private const string LogSuffix = ".log";

    private readonly Dictionary<SimInode, SegmentScan> _scans = [];
    private readonly List<SegmentScan> _segments = [];
    private readonly List<ImageBatch> _gone = [];
    private readonly List<ImageBatch> _come = [];
    private readonly List<ImageBatch> _ignored = [];
    private SimDirectory? _directory;
    private long _directoryVersion = -1;
    private int _crashes = -1;

    /// <summary>The directory that it was read from; null where there is none.</summary>
    internal SimDirectory? Directory => _directory;

    /// <summary>The first offset; zero when there is none.</summary>
    internal Offset Start { get; private set; }

    /// <summary>The end of what stands there without a hole.</summary>
    internal Offset End { get; private set; }

    /// <summary>
    /// Batches of the log that the last <see cref="Refresh"/> did not find any more at their old place. What stood behind a gap, or behind an old end that
    /// a lost truncation had left, was never part of it.
    /// </summary>
    internal IReadOnlyList<ImageBatch> Gone => _gone;

    /// <summary>Batches that the last <see cref="Refresh"/> found first.</summary>
    internal IReadOnlyList<ImageBatch> Come => _come;

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

    private bool RefreshSegments()
    {
        SimDirectory? now = volume.Find(directory, durable) as SimDirectory;
        if (now == _directory && (now?.Version ?? -1) == _directoryVersion && _crashes == volume.Crashes)
        {
            return false;
        }

        (_directory, _directoryVersion, _crashes) = (now, now?.Version ?? -1, volume.Crashes);
        List<SimInode> files = [];
        foreach ((string name, object entry) in (durable ? now?.Durable : now?.Current) ?? [])
        {
            if (name.EndsWith(LogSuffix, StringComparison.Ordinal) && entry is SimInode file)
            {
                files.Add(file);
            }
        }

        foreach (SimInode old in _scans.Keys.Where(each => !files.Contains(each)).ToList())
        {
            if (_scans[old].IsInLog)
            {
                _gone.AddRange(_scans[old].Batches);
            }

            _scans.Remove(old);
        }

        _segments.Clear();
        foreach (SimInode file in files)
        {
            if (!_scans.TryGetValue(file, out SegmentScan? scan))
            {
                scan = new SegmentScan(durable ? file.Durable : file.Current);
                _scans.Add(file, scan);
            }

            _segments.Add(scan);
        }

        return true;
    }

    private void FindEnds()
    {
        Offset? end = null;
        Start = Offset.Zero;
        bool isWhole = true;
        foreach (SegmentScan segment in _segments)
        {
            if (segment.Batches.Count == 0)
            {
                segment.IsInLog = isWhole;
                continue;
            }

            Offset first = segment.Batches[0].Base;
            if (end is null)
            {
                Start = first;
            }

            isWhole &= end is null || first == end;
            segment.IsInLog = isWhole;
            end = isWhole ? segment.Batches[^1].Last + 1 : end;
        }

        End = end ?? Offset.Zero;
    }
}
