using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>How another replica's log compares with this one.</summary>
internal enum LogMatch
{
    Same,
    Diverging,
    NeedsSnapshot,
}

/// <summary>What the shell is doing to the log on the core's behalf.</summary>
internal enum LogOperation
{
    None,
    AppendLeaderChange,
    AppendFetched,
    Truncate,
    Install,
}

/// <summary>
/// What the core knows of its own log: where it begins and ends, how much of it is on disk, and where each epoch starts. Changed only by
/// what the shell reports. The epoch table has an entry per election since the start of the log, and is truncated with it.
/// </summary>
internal sealed partial class LogView
{
    private readonly List<EpochStart> _epochs;
    private long _lastToken;
    private Offset _pendingHighWatermark = Offset.None;

    public LogView(RecoveredLog log)
    {
        Start = log.Start;
        End = log.EndOffset;
        Flushed = log.EndOffset;
        LatestSnapshot = log.LatestSnapshot;
        _epochs = new List<EpochStart>(log.Epochs);
        TruncatedBelowStart();
        Invariant.Holds(End >= Start.EndOffset, "R-10", "the recovered log ends before it starts");
        Invariant.Holds(LatestSnapshot.EndOffset >= Start.EndOffset, "R-11", "records were removed that no snapshot holds");
        for (int index = 0; index < _epochs.Count; index++)
        {
            Invariant.Holds(
                _epochs[index].StartOffset < End
                    && (
                        index == 0
                        || (_epochs[index].Epoch > _epochs[index - 1].Epoch && _epochs[index].StartOffset > _epochs[index - 1].StartOffset)
                    ),
                "R-12",
                "the epoch table does not ascend within the log"
            );
        }
    }

    /// <summary>The end and last epoch of what was removed at the front.</summary>
    public SnapshotId Start { get; private set; }

    /// <summary>The offset of the next record.</summary>
    public Offset End { get; private set; }

    /// <summary>Everything below is on disk. Invariant R-13: never above <see cref="End"/>.</summary>
    public Offset Flushed { get; private set; }

    public SnapshotId LatestSnapshot { get; private set; }

    public LeaderEpoch LastEpoch => _epochs.Count > 0 ? _epochs[^1].Epoch : Start.Epoch;

    public LogPosition EndPosition => new(LastEpoch, End);

    /// <summary>The end of what is on disk: all that this replica may claim to have.</summary>
    public LogPosition FlushedPosition => new(EpochBefore(Flushed), Flushed);

    public LogOperation Operation { get; private set; }

    public bool IsIdle => Operation == LogOperation.None;

    public long Begin(LogOperation operation, Offset pendingHighWatermark)
    {
        Invariant.Holds(IsIdle, "R-14", "two changes of the log at once");
        Operation = operation;
        _pendingHighWatermark = pendingHighWatermark;
        return ++_lastToken;
    }

    /// <summary>Ends the operation; false when the token is of another one. Gives the leader's high watermark that came with it.</summary>
    public bool TryComplete(LogOperation operation, long token, out Offset highWatermark)
    {
        highWatermark = _pendingHighWatermark;
        if (Operation != operation || token != _lastToken)
        {
            return false;
        }

        Operation = LogOperation.None;
        return true;
    }

    /// <summary>Ends the append of a LeaderChange, which needs no token: nothing else is appended meanwhile.</summary>
    public void CompleteLeaderChange() => Operation = LogOperation.None;

    public void Append(Offset end, LeaderEpoch epoch)
    {
        Invariant.Holds(end > End, "R-15", "an append must lengthen the log");
        Invariant.Holds(epoch >= LastEpoch, "R-16", "epochs in the log never fall");
        if (epoch > LastEpoch || _epochs.Count == 0)
        {
            _epochs.Add(new EpochStart(epoch, End));
        }

        End = end;
    }

    public void FlushedUpTo(Offset upTo)
    {
        // A truncation or installation that is under way may not have reached the file: what it says of the old end means nothing now.
        if (Operation is not (LogOperation.Truncate or LogOperation.Install))
        {
            Flushed = Offset.Max(Flushed, Offset.Min(upTo, End));
        }
    }

    public void Truncate(Offset end, Offset flushed)
    {
        End = end;
        Flushed = Offset.Min(flushed, end);
        while (_epochs.Count > 0 && _epochs[^1].StartOffset >= end)
        {
            _epochs.RemoveAt(_epochs.Count - 1);
        }
    }

    public void Install(SnapshotId snapshot)
    {
        Start = snapshot;
        End = snapshot.EndOffset;
        Flushed = snapshot.EndOffset;
        LatestSnapshot = snapshot;
        int kept = 0;
        SeededBugKeepsEpochs(ref kept);
        _epochs.RemoveRange(kept, _epochs.Count - kept);
    }

    partial void SeededBugKeepsEpochs(ref int kept);

    public void SnapshotTaken(SnapshotId snapshot)
    {
        if (snapshot.EndOffset > LatestSnapshot.EndOffset)
        {
            LatestSnapshot = snapshot;
        }
    }

    public void AdvanceStart(SnapshotId start)
    {
        Invariant.Holds(start.EndOffset <= LatestSnapshot.EndOffset, "R-11", "records were removed that no snapshot holds");
        Invariant.Holds(start.EndOffset <= End, "R-10", "the log would start after its end");
        if (start.EndOffset > Start.EndOffset)
        {
            Start = start;
            TruncatedBelowStart();
        }
    }

    /// <summary>Where the largest known epoch up to <paramref name="epoch"/> ends.</summary>
    public LogPosition EndOfEpoch(LeaderEpoch epoch)
    {
        Offset end = End;
        for (int index = _epochs.Count - 1; index >= 0; index--)
        {
            if (_epochs[index].Epoch <= epoch)
            {
                return new LogPosition(_epochs[index].Epoch, end);
            }

            end = _epochs[index].StartOffset;
        }

        return new LogPosition(Start.Epoch, end);
    }

    /// <summary>Whether a replica whose log ends at <paramref name="theirs"/> has a prefix of this log (KIP-595, KIP-630).</summary>
    public LogMatch Compare(LogPosition theirs, out LogPosition common)
    {
        common = default;
        Offset start = Start.EndOffset;
        if (theirs.EndOffset == Offset.Zero)
        {
            return LatestSnapshot.ReplacesRecords ? LogMatch.NeedsSnapshot : LogMatch.Same;
        }

        if (
            theirs.EndOffset < start
            || (Start.ReplacesRecords && (theirs.Epoch < Start.Epoch || (theirs.EndOffset == start && theirs.Epoch != Start.Epoch)))
        )
        {
            return LogMatch.NeedsSnapshot;
        }

        common = EndOfEpoch(theirs.Epoch);
        return common.Epoch == theirs.Epoch && theirs.EndOffset <= common.EndOffset ? LogMatch.Same : LogMatch.Diverging;
    }

    private LeaderEpoch EpochBefore(Offset offset)
    {
        for (int index = _epochs.Count - 1; index >= 0; index--)
        {
            if (_epochs[index].StartOffset < offset)
            {
                return _epochs[index].Epoch;
            }
        }

        return Start.Epoch;
    }

    private void TruncatedBelowStart()
    {
        while (_epochs.Count > 0 && (_epochs.Count > 1 ? _epochs[1].StartOffset : End) <= Start.EndOffset)
        {
            _epochs.RemoveAt(0);
        }

        if (_epochs.Count > 0 && _epochs[0].StartOffset < Start.EndOffset)
        {
            _epochs[0] = _epochs[0] with { StartOffset = Start.EndOffset };
        }
    }
}
