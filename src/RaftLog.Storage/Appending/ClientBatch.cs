using System.Runtime.InteropServices;
using System.Text;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Storage;

/// <summary>
/// What a leader demands of a producer's batch before it appends it, and what it changes in it: timestamp type and maximum (KIP-32), and the
/// codec where the topic has its own. The answers are those of Apache Kafka 4.3, except that an unknown codec is called that.
/// </summary>
internal static class ClientBatch
{
    private const int ShownRecordErrors = 3;

    /// <summary>A record's numbers may need more bytes when the base timestamp changes; never as many as this.</summary>
    private const int GrowthPerRecord = 32;

    /// <summary>Checks the records of one partition of a Produce request. The result is null when nothing stands against them.</summary>
    /// <param name="records">The bytes, changed in place; replaced when they must be compressed anew.</param>
    /// <param name="settings">The topic's demands.</param>
    /// <param name="nowMs">Wall-clock milliseconds.</param>
    public static AppendResult? Check(ref Memory<byte> records, AppendSettings settings, long nowMs)
    {
        if (CheckFrame(records.Span, settings) is { } refused)
        {
            return refused;
        }

        MutableRecordBatch.Read(records.Span, out MutableRecordBatch mutable);
        RecordBatch batch = mutable.Batch;
        if (CheckHeader(batch) is { } badHeader)
        {
            return badHeader;
        }

        if (settings.TimestampType == TimestampType.LogAppendTime && batch.Attributes.TimestampType == TimestampType.LogAppendTime)
        {
            return AppendResult.Refused(
                ErrorCode.InvalidTimestamp, "the batch claims append time, which only the broker may set on a topic with message.timestamp.type=LogAppendTime");
        }

        CompressionType target = settings.Compression ?? batch.Attributes.Compression;
        bool recompress = target != batch.Attributes.Compression;
        long maxTimestamp = batch.MaxTimestamp;
        if (settings.Validation == BatchValidation.Strict || settings.RequiresKeys || recompress)
        {
            try
            {
                if (CheckRecords(batch, settings, nowMs, recompress ? target : null, out maxTimestamp, out Memory<byte> rewritten) is { } badRecords)
                {
                    return badRecords;
                }

                if (recompress)
                {
                    records = rewritten;
                    MutableRecordBatch.Read(records.Span, out mutable);
                }
            }
            catch (UnsupportedCompressionException unsupported)
            {
                return AppendResult.Refused(ErrorCode.UnsupportedCompressionType, unsupported.Message);
            }
            catch (ProtocolException damaged)
            {
                return AppendResult.Refused(ErrorCode.CorruptMessage, $"the records cannot be decompressed: {damaged.Message}");
            }
        }
        else if (CheckTimestamp(batch, maxTimestamp, settings, nowMs) is { } badTime)
        {
            return AppendResult.Refused(ErrorCode.InvalidTimestamp, badTime);
        }

        mutable.SetMaxTimestamp(settings.TimestampType, settings.TimestampType == TimestampType.LogAppendTime ? nowMs : maxTimestamp);
        return null;
    }

    private static AppendResult? CheckFrame(ReadOnlySpan<byte> records, AppendSettings settings)
    {
        switch (RecordBatch.Read(records, out RecordBatch batch))
        {
            case BatchStatus.End or BatchStatus.Torn:
                return AppendResult.Refused(ErrorCode.InvalidRecord, "the records of a partition must be exactly one whole batch; there is none");
            case BatchStatus.OldFormat:
                return AppendResult.Refused(ErrorCode.InvalidRecord, "the records are of message format 0 or 1; only format 2 is taken");
            case BatchStatus.UnknownFormat:
                return AppendResult.Refused(ErrorCode.InvalidRecord, "the records are of an unknown message format; only format 2 is taken");
            case BatchStatus.BadLength:
                return AppendResult.Refused(ErrorCode.CorruptMessage, "the batch has a length that no batch can have");
        }

        if (batch.Size != records.Length)
        {
            return AppendResult.Refused(ErrorCode.InvalidRecord, "the records of a partition must be exactly one batch; there are bytes behind it");
        }

        if (batch.BaseOffset != Offset.Zero)
        {
            return AppendResult.Refused(ErrorCode.InvalidRecord, $"a producer's batch must have base offset 0, this one has {batch.BaseOffset}");
        }

        return batch.Size > settings.MaxMessageBytes
            ? AppendResult.Refused(
                ErrorCode.MessageTooLarge, $"the batch has {batch.Size} bytes, the topic takes at most {settings.MaxMessageBytes} (max.message.bytes)")
            : null;
    }

    private static AppendResult? CheckHeader(RecordBatch batch)
    {
        if (!batch.HasValidChecksum)
        {
            return AppendResult.Refused(ErrorCode.CorruptMessage, "the batch's CRC-32C is not that of its bytes");
        }

        if (RecordWalk.CheckHeader(batch) != RecordFault.None)
        {
            return AppendResult.Refused(
                ErrorCode.InvalidRecord, $"the header counts {batch.RecordCount} records but its last offset delta is {batch.LastOffsetDelta}");
        }

        if (batch.Attributes.IsControl)
        {
            return AppendResult.Refused(ErrorCode.InvalidRecord, "a producer may not write control batches");
        }

        if (batch.ProducerId.IsPresent && batch.BaseSequence < 0)
        {
            return AppendResult.Refused(ErrorCode.InvalidRecord, $"producer {batch.ProducerId} sent a batch without a sequence");
        }

        return RecordCompression.Exists(batch.Attributes.Compression)
            ? null
            : AppendResult.Refused(ErrorCode.UnsupportedCompressionType, $"codec {(int)batch.Attributes.Compression} does not exist");
    }

    private static AppendResult? CheckRecords(
        RecordBatch batch, AppendSettings settings, long nowMs, CompressionType? target, out long maxTimestamp, out Memory<byte> rewritten)
    {
        rewritten = default;
        using RecordSection section = RecordSection.Open(batch, settings.MaxPlainBytes);
        RecordFault fault = RecordWalk.Check(batch, section.Bytes, out RecordSummary summary);
        bool appendTime = batch.Attributes.TimestampType == TimestampType.LogAppendTime;
        maxTimestamp = appendTime ? batch.MaxTimestamp : summary.MaxTimestamp;
        if (fault != RecordFault.None)
        {
            return AppendResult.Refused(ErrorCode.InvalidRecord, $"the records contradict the header: {fault}");
        }

        if (settings.RequiresKeys && summary.Keyless > 0)
        {
            return RefuseKeyless(batch, section);
        }

        long min = appendTime ? batch.MaxTimestamp : summary.MinTimestamp;
        if ((CheckTimestamp(batch, min, settings, nowMs) ?? CheckTimestamp(batch, maxTimestamp, settings, nowMs)) is not null)
        {
            return RefuseTimes(batch, section, settings, nowMs);
        }

        if (target is { } codec)
        {
            rewritten = Recompress(batch, section, codec, settings);
        }

        return null;
    }

    /// <summary>What is wrong with a timestamp; null when nothing is.</summary>
    private static string? CheckTimestamp(RecordBatch batch, long timestamp, AppendSettings settings, long nowMs)
    {
        if (settings.TimestampType == TimestampType.LogAppendTime)
        {
            return null;
        }

        if (timestamp == RecordBatch.NoTimestamp)
        {
            return batch.Attributes.TimestampType == TimestampType.LogAppendTime ? "the batch claims append time but has no timestamp" : null;
        }

        long age = nowMs - timestamp;
        return age > settings.TimestampBeforeMaxMs || -age > settings.TimestampAfterMaxMs
            ? $"timestamp {timestamp} is out of range: it must lie within [{nowMs - settings.TimestampBeforeMaxMs}, {nowMs + settings.TimestampAfterMaxMs}]"
            : null;
    }

    private static AppendResult RefuseKeyless(RecordBatch batch, RecordSection section)
    {
        List<RecordError> errors = [];
        int index = 0;
        foreach (Record record in section)
        {
            if (record.Key.IsNull)
            {
                errors.Add(new RecordError(index, "a record of a compacted topic needs a key"));
            }

            index++;
        }

        return AppendResult.Refused(ErrorCode.InvalidRecord, Describe(errors), errors);
    }

    private static AppendResult RefuseTimes(RecordBatch batch, RecordSection section, AppendSettings settings, long nowMs)
    {
        List<RecordError> errors = [];
        int index = 0;
        foreach (Record record in section)
        {
            if (CheckTimestamp(batch, record.Timestamp, settings, nowMs) is { } wrong)
            {
                errors.Add(new RecordError(index, wrong));
            }

            index++;
        }

        return AppendResult.Refused(ErrorCode.InvalidTimestamp, Describe(errors), errors);
    }

    private static string Describe(List<RecordError> errors)
    {
        string shown = string.Join("; ", errors.GetRange(0, Math.Min(errors.Count, ShownRecordErrors)).ConvertAll(error => $"record {error.Index}: {error.Message}"));
        return errors.Count > ShownRecordErrors ? $"{errors.Count} records are refused, the first: {shown}" : shown;
    }

    private static Memory<byte> Recompress(RecordBatch batch, RecordSection section, CompressionType codec, AppendSettings settings)
    {
        int limit = RecordBatch.HeaderSize + section.Bytes.Length + GrowthPerRecord * batch.RecordCount;
        using var builder = new RecordBatchBuilder(new RecordBatchOptions(limit, codec, settings.CompressionLevel));
        builder.Producer = batch.Producer;
        builder.Attributes = batch.Attributes;
        List<RecordHeader> headers = [];
        foreach (Record record in section)
        {
            headers.Clear();
            foreach (RecordHeaders header in record.Headers)
            {
                headers.Add(new RecordHeader(Encoding.UTF8.GetString(header.Key), header.Value.ToArray()));
            }

            bool fits = builder.TryAppend(record.Timestamp, record.Key, record.Value, CollectionsMarshal.AsSpan(headers));
            Invariant.Holds(fits, "S-05", "a batch that is compressed anew has no room for the records that it had");
        }

        return builder.Seal().ToArray();
    }
}
