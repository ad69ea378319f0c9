using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Storage;

/// <summary>
/// Holds one segment against its indexes, and its batches against each other, against the leader epochs and against what a batch's place
/// says: also what lies outside the checksums.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="directory">The log's directory.</param>
/// <param name="baseOffset">Where the segment begins.</param>
/// <param name="life">What the segments before say.</param>
internal sealed class SegmentVerification(IDisk disk, string directory, Offset baseOffset, LogLife life)
{
    private readonly List<LogFinding> _findings = [];
    private readonly List<BatchHeader> _batches = [];
    private readonly List<long> _positions = [];
    private readonly List<AbortedTransaction> _aborted = [];
    private readonly List<AbortedTransaction> _abortMarkers = [];

    /// <summary>Reads everything; the findings in the order of the files.</summary>
    public IReadOnlyList<LogFinding> Run()
    {
        bool isWhole = VerifyBatches();
        if (isWhole)
        {
            // Indexes of what is going to be truncated are made anew.
            VerifyOffsets();
            VerifyTimes();
            VerifyTransactions();
        }

        return _findings;
    }

    private string PathOf(string suffix) => $"{directory}/{LogFileNames.OfOffset(baseOffset, suffix)}";

    private bool VerifyBatches()
    {
        using SegmentReader reader = SegmentReader.Open(disk, PathOf(LogFileNames.Log))!;
        while (reader.MoveNext())
        {
            if (Fault(reader) is { } fault)
            {
                if (!life.TryBlameLeap(reader.Header.BaseOffset, _findings))
                {
                    Report(LogFileNames.Log, reader.Position, fault, LogRepairKind.Truncate);
                }

                return false;
            }

            _batches.Add(reader.Header);
            _positions.Add(reader.Position);
            life.NoteLeap(PathOf(LogFileNames.Log), baseOffset, reader.Position, reader.Header);
            life.End = reader.Header.NextOffset;
            life.LastEpoch = reader.Header.Epoch > life.LastEpoch ? reader.Header.Epoch : life.LastEpoch;
            Apply(reader);
        }

        if (reader.Fault is { } rest)
        {
            Report(LogFileNames.Log, reader.Next, rest, LogRepairKind.Truncate);
        }

        return reader.Fault is null;
    }

    private string? Fault(SegmentReader reader)
    {
        BatchHeader batch = reader.Header;
        if (!reader.IsIntact)
        {
            return $"the batch at offset {batch.BaseOffset} does not match its checksum";
        }

        if (batch.BaseOffset < Offset.Max(life.End, baseOffset))
        {
            return $"the batch at offset {batch.BaseOffset} comes after offset {life.End - 1}: offsets never go back";
        }

        if (batch.LastOffset - baseOffset > int.MaxValue)
        {
            return $"the batch at offset {batch.BaseOffset} is further from the segment's beginning than any batch can be";
        }

        if (batch.Epoch < life.LastEpoch && batch.Epoch != LeaderEpoch.None)
        {
            return $"the batch at offset {batch.BaseOffset} has leader epoch {batch.Epoch}, and one before it has {life.LastEpoch}";
        }

        LeaderEpoch expected = batch.BaseOffset < life.EpochsKnownTo ? life.Epochs?.At(batch.BaseOffset) ?? batch.Epoch : batch.Epoch;
        if (expected != batch.Epoch && expected != LeaderEpoch.None && !reader.IsLegacy)
        {
            return $"the batch at offset {batch.BaseOffset} has leader epoch {batch.Epoch}, and {LogFileNames.LeaderEpochs} says "
                + $"{expected}";
        }

        return reader.IsLegacy ? null : RecordFaultOf(reader, batch);
    }

    /// <summary>Compaction leaves gaps between records, but none outside their batch.</summary>
    private static string? RecordFaultOf(SegmentReader reader, in BatchHeader header)
    {
        RecordBatch.Read(reader.Batch.Span, out RecordBatch batch);
        try
        {
            int last = -1;
            using RecordSection section = RecordSection.Open(batch, BatchFilter.MostPlainBytes);
            foreach (Record record in section)
            {
                if (record.Layout.OffsetDelta <= last || record.Layout.OffsetDelta > header.LastOffsetDelta)
                {
                    return $"the batch at offset {header.BaseOffset} holds a record at offset {record.Offset} out of order";
                }

                last = record.Layout.OffsetDelta;
            }

            return null;
        }
        catch (ProtocolException damaged)
        {
            return damaged.Message;
        }
    }

    private void Apply(SegmentReader reader)
    {
        if (reader.IsLegacy || !reader.Header.Producer.Id.IsPresent)
        {
            return;
        }

        RecordBatch.Read(reader.Batch.Span, out RecordBatch batch);
        if (!reader.Header.IsControl)
        {
            life.Producers.Apply(reader.Header);
        }
        else if (EndMarker.TryRead(batch, out EndMarker marker))
        {
            if (marker.Type == ControlRecordType.Abort)
            {
                _abortMarkers.Add(new AbortedTransaction(reader.Header.Producer.Id, Offset.None, reader.Header.LastOffset, Offset.None));
            }

            if (life.Producers.ApplyMarker(reader.Header, marker.Type, marker.CoordinatorEpoch) is { } aborted)
            {
                _aborted.Add(aborted);
            }
        }
    }

    private void VerifyOffsets()
    {
        if (LogFileContent.Offsets(disk, PathOf(LogFileNames.OffsetIndex), baseOffset) is not { } index)
        {
            return;
        }

        ReportForm(LogFileNames.OffsetIndex, index.Fault);
        foreach (OffsetIndexEntry entry in index.Entries)
        {
            int at = _positions.BinarySearch(entry.Position);
            if (at < 0 || _batches[at].LastOffset != entry.Offset)
            {
                Report(
                    LogFileNames.OffsetIndex,
                    null,
                    $"it says that the batch which ends at offset {entry.Offset} begins at byte {entry.Position}, and none does",
                    LogRepairKind.Remove
                );
                return;
            }
        }
    }

    private void VerifyTimes()
    {
        if (LogFileContent.Times(disk, PathOf(LogFileNames.TimeIndex), baseOffset) is not { } index)
        {
            return;
        }

        ReportForm(LogFileNames.TimeIndex, index.Fault);
        int at = 0;
        long latest = RecordBatch.NoTimestamp;
        foreach (TimeIndexEntry entry in index.Entries)
        {
            while (at < _batches.Count && _batches[at].BaseOffset <= entry.Offset)
            {
                latest = Math.Max(latest, _batches[at].MaxTimestamp);
                at++;
            }

            bool isThere =
                at > 0
                && _batches[at - 1].MaxTimestamp == entry.Timestamp
                && _batches[at - 1].LastOffset >= entry.Offset
                && latest == entry.Timestamp;
            if (!isThere)
            {
                Report(
                    LogFileNames.TimeIndex,
                    null,
                    $"it says that {entry.Timestamp} is the latest time up to offset {entry.Offset}, and the batches say otherwise",
                    LogRepairKind.Remove
                );
                return;
            }
        }
    }

    /// <summary>
    /// Where compaction has come by, data of a transaction may be gone: then only its marker must be there, which may lie in a later
    /// segment.
    /// </summary>
    private void VerifyTransactions()
    {
        IReadOnlyList<AbortedTransaction> entries = [];
        if (LogFileContent.AbortedTransactions(disk, PathOf(LogFileNames.TransactionIndex)) is { } index)
        {
            ReportForm(LogFileNames.TransactionIndex, index.Fault);
            entries = index.Entries;
        }

        bool isCleaned = baseOffset < life.CleanedTo;
        foreach (AbortedTransaction entry in entries)
        {
            bool isThere =
                isCleaned || entry.FirstOffset < life.CleanedTo || !life.KnowsProducers
                    ? _abortMarkers.Exists(marker => marker.ProducerId == entry.ProducerId && marker.LastOffset == entry.LastOffset)
                        && entry.FirstOffset < entry.LastOffset
                    : _aborted.Contains(entry);
            if (!isThere)
            {
                Report(LogFileNames.TransactionIndex, null, $"it tells of {entry}, and the batches do not", LogRepairKind.Remove);
                return;
            }
        }

        bool IsKnown(AbortedTransaction found) =>
            entries.Any(entry =>
                entry == found
                || (entry.FirstOffset < life.CleanedTo && entry.ProducerId == found.ProducerId && entry.LastOffset == found.LastOffset)
            );
        if (!isCleaned && life.KnowsProducers && _aborted.Find(each => !IsKnown(each)) is { LastOffset.Value: > 0 } missing)
        {
            Report(LogFileNames.TransactionIndex, null, $"it lacks {missing}, whose marker is in the segment", LogRepairKind.Scan);
        }
    }

    private void ReportForm(string suffix, string? fault)
    {
        if (fault is not null)
        {
            Report(suffix, null, fault, LogRepairKind.Remove);
        }
    }

    private void Report(string suffix, long? position, string what, LogRepairKind repair)
    {
        if (!_findings.Exists(each => each.Path == PathOf(suffix)))
        {
            _findings.Add(new LogFinding(PathOf(suffix), position, what, repair, baseOffset));
        }
    }
}
