using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Storage;

/// <summary>
/// What a leader demands of a producer's batch before it appends it, and what it changes in it: timestamp type and maximum (KIP-32), and
/// the codec where the topic has its own. The responses are those of Apache Kafka 4.3, except that an unknown codec is called that.
/// </summary>
internal static class ClientBatch
{
    private const int ShownRecordErrors = 3;

    /// <summary>The most record errors of one response.</summary>
    private const int MostRecordErrors = 1000;

    /// <summary>Checks the records of one partition of a Produce request; changes no byte of them.</summary>
    /// <param name="records">The bytes.</param>
    /// <param name="settings">The topic's demands.</param>
    /// <param name="nowMs">Wall-clock milliseconds.</param>
    /// <param name="decompression">What reading compressed batches may hold.</param>
    public static CheckedBatch Check(Memory<byte> records, AppendSettings settings, long nowMs, DecompressionBudget decompression)
    {
        if (CheckFrame(records.Span, settings) is { } rejected)
        {
            return CheckedBatch.Reject(rejected, settings);
        }

        RecordBatch.Read(records.Span, out RecordBatch batch);
        if (CheckHeader(batch) is { } badHeader)
        {
            return CheckedBatch.Reject(badHeader, settings);
        }

        if (settings.TimestampType == TimestampType.LogAppendTime && batch.Attributes.TimestampType == TimestampType.LogAppendTime)
        {
            return CheckedBatch.Reject(
                AppendResult.Rejected(
                    ErrorCode.InvalidTimestamp,
                    "the batch claims append time, which only the broker may set on a topic with message.timestamp.type=LogAppendTime"
                ),
                settings
            );
        }

        CompressionType target = settings.Compression ?? batch.Attributes.Compression;
        bool recompress = target != batch.Attributes.Compression;
        if (settings.Validation == BatchValidation.Strict || settings.RequiresKeys || recompress)
        {
            return CheckRecords(records, recompress ? target : null, settings, nowMs, decompression);
        }

        return CheckTimestamp(batch, batch.MaxTimestamp, settings, nowMs) is { } badTime
            ? CheckedBatch.Reject(AppendResult.Rejected(ErrorCode.InvalidTimestamp, badTime), settings)
            : new CheckedBatch(records, batch.MaxTimestamp, settings);
    }

    private static AppendResult? CheckFrame(ReadOnlySpan<byte> records, AppendSettings settings)
    {
        switch (RecordBatch.Read(records, out RecordBatch batch))
        {
            case BatchStatus.End or BatchStatus.Torn:
                return AppendResult.Rejected(
                    ErrorCode.InvalidRecord,
                    "the records of a partition must be exactly one whole batch; there is none"
                );
            case BatchStatus.OldFormat:
                return AppendResult.Rejected(ErrorCode.InvalidRecord, "the records are of message format 0 or 1; only format 2 is taken");
            case BatchStatus.UnknownFormat:
                return AppendResult.Rejected(
                    ErrorCode.InvalidRecord,
                    "the records are of an unknown message format; only format 2 is taken"
                );
            case BatchStatus.BadLength:
                return AppendResult.Rejected(ErrorCode.CorruptMessage, "the batch has a length that no batch can have");
        }

        if (batch.Size != records.Length)
        {
            return AppendResult.Rejected(
                ErrorCode.InvalidRecord,
                "the records of a partition must be exactly one batch; there are bytes behind it"
            );
        }

        if (batch.BaseOffset != Offset.Zero)
        {
            return AppendResult.Rejected(
                ErrorCode.InvalidRecord,
                $"a producer's batch must have base offset 0, this one has {batch.BaseOffset}"
            );
        }

        return batch.Size > settings.MaxMessageBytes
            ? AppendResult.Rejected(
                ErrorCode.MessageTooLarge,
                $"the batch has {batch.Size} bytes, the topic takes at most {settings.MaxMessageBytes} (max.message.bytes)"
            )
            : null;
    }

    private static AppendResult? CheckHeader(RecordBatch batch)
    {
        if (!batch.HasValidChecksum)
        {
            return AppendResult.Rejected(ErrorCode.CorruptMessage, "the batch's CRC-32C is not that of its bytes");
        }

        if (RecordWalk.CheckHeader(batch) != RecordFault.None)
        {
            return AppendResult.Rejected(
                ErrorCode.InvalidRecord,
                $"the header counts {batch.RecordCount} records but its last offset delta is {batch.LastOffsetDelta}"
            );
        }

        if (batch.Attributes.IsControl)
        {
            return AppendResult.Rejected(ErrorCode.InvalidRecord, "a producer may not write control batches");
        }

        if (batch.ProducerId.IsPresent && batch.BaseSequence < 0)
        {
            return AppendResult.Rejected(ErrorCode.InvalidRecord, $"producer {batch.ProducerId} sent a batch without a sequence");
        }

        if (!RecordCompression.Exists(batch.Attributes.Compression))
        {
            return AppendResult.Rejected(ErrorCode.UnsupportedCompressionType, $"codec {(int)batch.Attributes.Compression} does not exist");
        }

        // Kafka's code: it cannot read them either. A Java consumer would never come past such a batch.
        return RecordCompression.IsReadByAll(batch.Attributes.Compression, batch.Section)
            ? null
            : AppendResult.Rejected(
                ErrorCode.UnknownServerError,
                "the lz4 frame has linked blocks, which Java clients cannot read; let the client write independent blocks"
            );
    }

    private static CheckedBatch CheckRecords(
        Memory<byte> records,
        CompressionType? target,
        AppendSettings settings,
        long nowMs,
        DecompressionBudget decompression
    )
    {
        try
        {
            RecordBatch.Read(records.Span, out RecordBatch batch);
            long window = PlainStream.WindowOf(batch.Attributes.Compression, batch.Section);
            if (decompression.TryTake(window) is not { } taken)
            {
                // Nothing was appended, and every client sends it again.
                return CheckedBatch.Reject(
                    AppendResult.Rejected(
                        ErrorCode.NotEnoughReplicas,
                        $"the batch needs {window} bytes of memory to be checked, and the node has them not now "
                            + $"(raftlog.decompression.buffer.bytes = {decompression.MaxBytes})"
                    ),
                    settings
                );
            }

            using DecompressionBudget.Part part = taken;
            return CheckRecords(records, target, settings, nowMs, Math.Max(window, DecompressionBudget.Small));
        }
        catch (UnsupportedCompressionException unsupported)
        {
            return CheckedBatch.Reject(AppendResult.Rejected(ErrorCode.UnsupportedCompressionType, unsupported.Message), settings);
        }
        catch (SizeLimitException)
        {
            return CheckedBatch.Reject(
                AppendResult.Rejected(
                    ErrorCode.MessageTooLarge,
                    $"the records of the batch unpack to more than {settings.MaxPlainBytes} bytes; send smaller batches"
                ),
                settings
            );
        }
        catch (ProtocolException damaged)
        {
            return CheckedBatch.Reject(
                AppendResult.Rejected(ErrorCode.CorruptMessage, $"the records cannot be decompressed: {damaged.Message}"),
                settings
            );
        }
    }

    private static CheckedBatch CheckRecords(
        Memory<byte> records,
        CompressionType? target,
        AppendSettings settings,
        long nowMs,
        long window
    )
    {
        RecordBatch.Read(records.Span, out RecordBatch batch);
        RecordFault fault = Walk(records, settings, window, out RecordSummary summary);
        if (fault != RecordFault.None)
        {
            string why =
                fault == RecordFault.TooLarge
                    ? $"a record unpacks to more than {settings.MaxDecompressedBytes} bytes (max.decompressed.message.bytes)"
                    : $"the records contradict the header: {fault}";
            return CheckedBatch.Reject(AppendResult.Rejected(ErrorCode.InvalidRecord, why), settings);
        }

        if (settings.RequiresKeys && summary.Keyless > 0)
        {
            return CheckedBatch.Reject(RejectKeyless(records, settings, window), settings);
        }

        bool appendTime = batch.Attributes.TimestampType == TimestampType.LogAppendTime;
        long maxTimestamp = appendTime ? batch.MaxTimestamp : summary.MaxTimestamp;
        long min = appendTime ? batch.MaxTimestamp : summary.MinTimestamp;
        if ((CheckTimestamp(batch, min, settings, nowMs) ?? CheckTimestamp(batch, maxTimestamp, settings, nowMs)) is not null)
        {
            return CheckedBatch.Reject(RejectTimestamps(records, settings, nowMs, window), settings);
        }

        return target is { } codec
            ? Recompress(records, codec, maxTimestamp, settings, window)
            : new CheckedBatch(records, maxTimestamp, settings);
    }

    private static RecordFault Walk(ReadOnlyMemory<byte> records, AppendSettings settings, long window, out RecordSummary summary)
    {
        RecordBatch.Read(records.Span, out RecordBatch batch);
        if (batch.Attributes.Compression == CompressionType.None)
        {
            return RecordWalk.Check(batch, batch.Section, out summary);
        }

        using RecordStream stream = Open(batch, records, settings, window);
        return RecordWalk.Check(batch, stream, out summary);
    }

    private static RecordStream Open(RecordBatch batch, ReadOnlyMemory<byte> records, AppendSettings settings, long window)
    {
        CompressionType codec = batch.Attributes.Compression;
        int mostOfRecord = codec == CompressionType.None ? int.MaxValue : settings.MaxDecompressedBytes;
        return new RecordStream(
            codec,
            records[RecordBatch.HeaderSize..],
            new RecordStreamLimits(mostOfRecord, settings.MaxPlainBytes, window)
        );
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
            return batch.Attributes.TimestampType == TimestampType.LogAppendTime
                ? "the batch claims append time but has no timestamp"
                : null;
        }

        long age = nowMs - timestamp;
        return age > settings.TimestampBeforeMaxMs || -age > settings.TimestampAfterMaxMs
            ? $"timestamp {timestamp} is out of range: it must lie within [{nowMs - settings.TimestampBeforeMaxMs}, "
                + $"{nowMs + settings.TimestampAfterMaxMs}]"
            : null;
    }

    private static AppendResult RejectKeyless(ReadOnlyMemory<byte> records, AppendSettings settings, long window) =>
        RejectRecords(
            ErrorCode.InvalidRecord,
            records,
            settings,
            window,
            static (_, record) => record.KeyLength < 0 ? "a record of a compacted topic needs a key" : null
        );

    private static AppendResult RejectTimestamps(ReadOnlyMemory<byte> records, AppendSettings settings, long nowMs, long window) =>
        RejectRecords(
            ErrorCode.InvalidTimestamp,
            records,
            settings,
            window,
            (its, record) =>
                CheckTimestamp(
                    its,
                    its.Attributes.TimestampType == TimestampType.LogAppendTime
                        ? its.MaxTimestamp
                        : its.BaseTimestamp + record.TimestampDelta,
                    settings,
                    nowMs
                )
        );

    /// <summary>Reads the records once more, for those that are at fault.</summary>
    private static AppendResult RejectRecords(
        ErrorCode error,
        ReadOnlyMemory<byte> records,
        AppendSettings settings,
        long window,
        RecordJudge judge
    )
    {
        RecordBatch.Read(records.Span, out RecordBatch batch);
        using RecordStream stream = Open(batch, records, settings, window);
        List<RecordError> errors = [];
        for (
            int i = 0;
            i < batch.RecordCount && errors.Count < MostRecordErrors && stream.Read(out StreamedRecord record) == RecordFault.None;
            i++
        )
        {
            if (judge(batch, record) is { } wrong)
            {
                errors.Add(new RecordError(i, wrong));
            }
        }

        return AppendResult.Rejected(error, Describe(errors), errors);
    }

    private static string Describe(List<RecordError> errors)
    {
        string shown = string.Join(
            "; ",
            errors.GetRange(0, Math.Min(errors.Count, ShownRecordErrors)).ConvertAll(error => $"record {error.Index}: {error.Message}")
        );
        return errors.Count > ShownRecordErrors ? $"{errors.Count} records are rejected, the first: {shown}" : shown;
    }

    private static CheckedBatch Recompress(
        Memory<byte> records,
        CompressionType codec,
        long maxTimestamp,
        AppendSettings settings,
        long window
    )
    {
        using PooledByteWriter target = new(settings.MaxMessageBytes);
        try
        {
            RecompressedBatch.Write(records, codec, settings.CompressionLevel, window, target);
        }
        catch (SizeLimitException)
        {
            return CheckedBatch.Reject(
                AppendResult.Rejected(
                    ErrorCode.MessageTooLarge,
                    $"the batch has {records.Length} bytes, and as {codec} (compression.type) more than the {settings.MaxMessageBytes} "
                        + $"that the topic takes (max.message.bytes)"
                ),
                settings
            );
        }

        return new CheckedBatch(target.Written.ToArray(), maxTimestamp, settings);
    }

    private delegate string? RecordJudge(RecordBatch batch, StreamedRecord record);
}
