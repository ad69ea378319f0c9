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

        long baseTimestamp = batch.BaseTimestamp;
        bool control = batch.Attributes.IsControl;
        long min = long.MaxValue;
        long max = long.MinValue;
        int maxAt = 0;
        int keyless = 0;
        int position = 0;
        for (int i = 0; i < count; i++)
        {
            fault = RecordLayout.Read(section, position, out RecordLayout record);
            if (fault != RecordFault.None)
            {
                return fault;
            }

            if (record.OffsetDelta != i)
            {
                return RecordFault.OffsetGap;
            }

            if (control && record.KeyLength < ControlRecordKey.Size)
            {
                return RecordFault.BadControlKey;
            }

            long timestamp = baseTimestamp + record.TimestampDelta;
            min = Math.Min(min, timestamp);
            if (timestamp > max)
            {
                max = timestamp;
                maxAt = i;
            }

            keyless += record.KeyLength < 0 ? 1 : 0;
            position = record.End;
        }

        summary = new(min, max, maxAt, keyless);
        return position == section.Length ? RecordFault.None : RecordFault.TrailingBytes;
    }
}
