namespace RaftLog.Protocol.Records;

/// <summary>
/// The check of a batch that comes from a producer: each record by its lengths, no object made. Only new batches pass it;
/// one that compaction has rewritten has gaps.
/// </summary>
public static class RecordWalk
{
    /// <summary>Checks the numbers of the header that need no look at the records.</summary>
    public static RecordFault CheckHeader(RecordBatch batch) =>
        batch.RecordCount > 0 && batch.RecordCount - 1 == batch.LastOffsetDelta ? RecordFault.None : RecordFault.CountMismatch;

    /// <summary>Checks header and records against each other.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="section">Its records, decompressed.</param>
    /// <param name="summary">What the records said, when nothing is wrong.</param>
    public static RecordFault Check(RecordBatch batch, ReadOnlySpan<byte> section, out RecordSummary summary)
    {
        summary = default;
        RecordFault fault = CheckHeader(batch);
        if (fault != RecordFault.None)
        {
            return fault;
        }

        int count = batch.RecordCount;
        if (count > section.Length / RecordLayout.SmallestRecord)
        {
            return RecordFault.Truncated;
        }

        Walk walk = new(batch);
        int position = 0;
        for (int i = 0; i < count; i++)
        {
            fault = RecordLayout.Read(section, position, out RecordLayout record);
            fault = fault == RecordFault.None ? walk.Take(record.OffsetDelta, record.TimestampDelta, record.KeyLength) : fault;
            if (fault != RecordFault.None)
            {
                return fault;
            }

            position = record.End;
        }

        summary = walk.Summary;
        return position == section.Length ? RecordFault.None : RecordFault.TrailingBytes;
    }

    /// <summary>Checks header and records against each other while the records are decompressed.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="records">Its records, none of them read yet.</param>
    /// <param name="summary">What the records said, when nothing is wrong.</param>
    /// <exception cref="Wire.ProtocolException">The compressed bytes are damaged, or grow over the limit.</exception>
    public static RecordFault Check(RecordBatch batch, RecordStream records, out RecordSummary summary)
    {
        summary = default;
        RecordFault fault = CheckHeader(batch);
        Walk walk = new(batch);
        for (int i = 0; i < batch.RecordCount && fault == RecordFault.None; i++)
        {
            fault = records.Read(out StreamedRecord record);
            fault = fault == RecordFault.None ? walk.Take(record.OffsetDelta, record.TimestampDelta, record.KeyLength) : fault;
        }

        summary = walk.Summary;
        return fault != RecordFault.None || records.IsAtEnd() ? fault : RecordFault.TrailingBytes;
    }

    /// <summary>What the records up to here said.</summary>
    private struct Walk(RecordBatch batch)
    {
        private readonly long _baseTimestamp = batch.BaseTimestamp;
        private readonly bool _isControl = batch.Attributes.IsControl;
        private long _min = long.MaxValue;
        private long _max = long.MinValue;
        private int _maxAt;
        private int _keyless;
        private int _count;

        public readonly RecordSummary Summary => new(_min, _max, _maxAt, _keyless);

        public RecordFault Take(int offsetDelta, long timestampDelta, int keyLength)
        {
            if (offsetDelta != _count)
            {
                return RecordFault.OffsetGap;
            }

            if (_isControl && keyLength < ControlRecordKey.Size)
            {
                return RecordFault.BadControlKey;
            }

            long timestamp = _baseTimestamp + timestampDelta;
            _min = Math.Min(_min, timestamp);
            if (timestamp > _max)
            {
                _max = timestamp;
                _maxAt = _count;
            }

            _keyless += keyLength < 0 ? 1 : 0;
            _count++;
            return RecordFault.None;
        }
    }
}
