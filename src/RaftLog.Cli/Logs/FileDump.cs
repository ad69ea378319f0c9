using System.Globalization;
using System.Text;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;
using RaftLog.Storage;

namespace RaftLog.Cli.Logs;

/// <summary>
/// Prints one file of a log directory: what kind of file it is its name says, and its directory which topic it belongs to.
/// </summary>
/// <param name="disk">The disk.</param>
/// <param name="output">Where it goes.</param>
/// <param name="isDeep">Print records too.</param>
internal sealed class FileDump(IDisk disk, IDumpOutput output, bool isDeep)
{
    /// <summary>The kind of an entry that belongs to the batch before it.</summary>
    public const string Record = "record";

    private const int MostPlainBytes = 1 << 30;

    private bool _isSound = true;
    private string _path = "";

    /// <summary>Prints a file; false when something is wrong with it.</summary>
    /// <param name="path">Its absolute path.</param>
    /// <exception cref="FormatException">It is no file of a kind that is known.</exception>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    public bool Run(string path)
    {
        _isSound = true;
        _path = path;
        if (!disk.FileExists(path))
        {
            throw new FileNotFoundException($"{path}: there is no such file");
        }

        output.Begin(path);
        string name = Path.GetFileName(path);
        switch (Path.GetExtension(name))
        {
            case ".log" or ".checkpoint":
                DumpBatches();
                break;
            case ".index":
                Dump(
                    LogFileContent.Offsets(disk, path, BaseOffset(name)),
                    static entry => [("offset", entry.Offset.Value), ("position", entry.Position)]
                );
                break;
            case ".timeindex":
                Dump(
                    LogFileContent.Times(disk, path, BaseOffset(name)),
                    static entry => [("timestamp", entry.Timestamp), ("offset", entry.Offset.Value)]
                );
                break;
            case ".txnindex":
                Dump(LogFileContent.AbortedTransactions(disk, path), Fields);
                break;
            case ".snapshot":
                Dump(Content(LogFileContent.Producers(disk, path)), Fields);
                break;
            default:
                DumpNamed(name);
                break;
        }

        return _isSound;
    }

    private void DumpNamed(string name)
    {
        switch (name)
        {
            case "leader-epoch-checkpoint":
                Dump(
                    Content(LogFileContent.LeaderEpochs(disk, _path)),
                    static entry => [("epoch", entry.Epoch.Value), ("startOffset", entry.StartOffset.Value)]
                );
                break;
            case "recovery-point-offset-checkpoint"
            or "replication-offset-checkpoint"
            or "log-start-offset-checkpoint"
            or "cleaner-offset-checkpoint":
                Dump(
                    Content(LogFileContent.Checkpoint(disk, _path)?.OrderBy(each => each.Key).ToList()),
                    static each => [("topic", each.Key.Topic), ("partition", each.Key.Partition), ("offset", each.Value.Value)]
                );
                break;
            default:
                throw new FormatException(
                    $"{_path}: its name says no kind of file that is known; there are .log, .index, .timeindex, .txnindex, .snapshot, "
                        + $".checkpoint, "
                        + "leader-epoch-checkpoint and the *-offset-checkpoint files"
                );
        }
    }

    private void DumpBatches()
    {
        string topic = Topic();
        using SegmentReader reader = SegmentReader.Open(disk, _path)!;
        Offset? before = null;
        while (reader.MoveNext())
        {
            if (reader.IsLegacy)
            {
                DumpLegacy(topic, reader);
                continue;
            }

            RecordBatch.Read(reader.Batch.Span, out RecordBatch batch);
            output.Write("batch", Fields(batch, reader));
            if (before is { } last && batch.BaseOffset <= last)
            {
                Fault($"byte {reader.Position}: offset {batch.BaseOffset} comes after offset {last}");
            }

            before = batch.LastOffset;
            if (!reader.IsIntact)
            {
                Fault($"byte {reader.Position}: the batch at offset {batch.BaseOffset} does not match its checksum");
            }
            else if (isDeep)
            {
                DumpRecords(topic, batch);
            }
        }

        if (reader.Fault is { } fault)
        {
            Fault($"byte {reader.Next}: {fault}");
        }
    }

    private void DumpRecords(string topic, RecordBatch batch)
    {
        try
        {
            using RecordSection section = RecordSection.Open(batch, MostPlainBytes);
            foreach (Record record in section)
            {
                List<(string, object?)> fields =
                [
                    ("offset", record.Offset.Value),
                    ($"{batch.Attributes.TimestampType}", record.Timestamp),
                    ("keySize", Size(record.Key)),
                    ("valueSize", Size(record.Value)),
                    (
                        "sequence",
                        batch.BaseSequence < 0
                            ? ProducerStamp.NoSequence
                            : ProducerStamp.Advance(batch.BaseSequence, record.Layout.OffsetDelta)
                    ),
                    ("headerKeys", HeaderKeys(record)),
                ];
                if (batch.Attributes.IsControl)
                {
                    fields.Add(RecordDecoder.Control(record));
                }
                else
                {
                    fields.AddRange(RecordDecoder.Decode(topic, record));
                }

                output.Write(Record, fields);
            }
        }
        catch (ProtocolException damaged)
        {
            Fault(damaged.Message);
        }
    }

    private void DumpLegacy(string topic, SegmentReader reader)
    {
        LegacyMessage.Read(reader.Batch.Span, out LegacyMessage message);
        output.Write(
            "batch",
            [
                ("offset", message.Offset.Value),
                ("position", reader.Position),
                (TimestampName(message), message.Timestamp),
                ("size", message.Size),
                ("magic", message.Format),
                ("compresscodec", Codec(message.Attributes)),
                ("isvalid", reader.IsIntact),
            ]
        );
        if (!reader.IsIntact)
        {
            Fault($"byte {reader.Position}: the entry at offset {message.Offset} does not match its checksum");
            return;
        }

        if (isDeep)
        {
            DumpLegacyRecords(topic, message);
        }
    }

    private void DumpLegacyRecords(string topic, LegacyMessage message)
    {
        try
        {
            using PooledByteWriter converted = new(int.MaxValue);
            LegacyConversion.Convert(message, MostPlainBytes, converted);
            RecordBatch.Read(converted.Written, out RecordBatch batch);
            using RecordSection section = RecordSection.Open(batch, MostPlainBytes);
            foreach (Record record in section)
            {
                output.Write(
                    Record,
                    [
                        ("offset", record.Offset.Value),
                        (TimestampName(message), record.Timestamp),
                        ("keySize", Size(record.Key)),
                        ("valueSize", Size(record.Value)),
                        .. RecordDecoder.Decode(topic, record),
                    ]
                );
            }
        }
        catch (ProtocolException damaged)
        {
            Fault(damaged.Message);
        }
    }

    private void Dump<TEntry>(IndexContent<TEntry>? content, Func<TEntry, IReadOnlyList<(string Name, object? Value)>> fields)
    {
        foreach (TEntry entry in content!.Entries)
        {
            output.Write("entry", fields(entry));
        }

        if (content.Fault is { } fault)
        {
            Fault(fault);
        }
    }

    private static IndexContent<TEntry> Content<TEntry>(IReadOnlyList<TEntry>? entries) =>
        new(entries ?? [], entries is null ? "it is damaged, or of a form that is not known" : null);

    private void Fault(string what)
    {
        _isSound = false;
        output.Fault(_path, what);
    }

    /// <summary>A metadata snapshot and <c>bootstrap.checkpoint</c> hold records of the metadata, wherever they lie.</summary>
    private string Topic()
    {
        string directory = Path.GetFileName(Path.GetDirectoryName(_path)) ?? "";
        int dash = directory.LastIndexOf('-');
        return _path.EndsWith(".checkpoint", StringComparison.Ordinal) ? "__cluster_metadata"
            : dash > 0 ? directory[..dash]
            : directory;
    }

    private static Offset BaseOffset(string name) =>
        long.TryParse(Path.GetFileNameWithoutExtension(name), NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            ? new Offset(offset)
            : throw new FormatException($"{name}: the name of an index begins with the base offset of its segment");

    private static IReadOnlyList<(string Name, object? Value)> Fields(RecordBatch batch, SegmentReader reader) =>
        [
            ("baseOffset", batch.BaseOffset.Value),
            ("lastOffset", batch.LastOffset.Value),
            ("count", batch.RecordCount),
            ("baseSequence", batch.BaseSequence),
            ("lastSequence", batch.LastSequence),
            ("producerId", batch.ProducerId.Value),
            ("producerEpoch", batch.ProducerEpoch.Value),
            ("partitionLeaderEpoch", batch.PartitionLeaderEpoch.Value),
            ("isTransactional", batch.Attributes.IsTransactional),
            ("isControl", batch.Attributes.IsControl),
            ("deleteHorizonMs", batch.Attributes.HasDeleteHorizon ? batch.BaseTimestamp : null),
            ("position", reader.Position),
            ($"{batch.Attributes.TimestampType}", batch.MaxTimestamp),
            ("size", batch.Size),
            ("magic", 2),
            ("compresscodec", Codec(batch.Attributes)),
            ("crc", batch.Checksum),
            ("isvalid", reader.IsIntact),
        ];

    private static IReadOnlyList<(string Name, object? Value)> Fields(AbortedTransaction entry) =>
        [
            ("version", 0),
            ("producerId", entry.ProducerId.Value),
            ("firstOffset", entry.FirstOffset.Value),
            ("lastOffset", entry.LastOffset.Value),
            ("lastStableOffset", entry.LastStableOffset.Value),
        ];

    private static IReadOnlyList<(string Name, object? Value)> Fields(ProducerState producer)
    {
        List<(string, object?)> fields =
        [
            ("producerId", producer.Id.Value),
            ("producerEpoch", producer.Epoch.Value),
            ("coordinatorEpoch", producer.CoordinatorEpoch.Value),
            ("currentTxnFirstOffset", producer.IsInTransaction ? producer.TransactionStart.Value : null),
            ("lastTimestamp", producer.LastTimestamp),
        ];
        if (producer.Last is { } last)
        {
            fields.AddRange([
                ("firstSequence", last.FirstSequence),
                ("lastSequence", last.LastSequence),
                ("lastOffset", last.LastOffset.Value),
                ("offsetDelta", last.OffsetDelta),
                ("timestamp", last.Timestamp),
            ]);
        }

        return fields;
    }

    private static string TimestampName(LegacyMessage message) =>
        message.Format == 0 ? "NoTimestampType" : $"{message.Attributes.TimestampType}";

    private static string Codec(BatchAttributes attributes) => attributes.Compression.ToString().ToLowerInvariant();

    private static int Size(NullableBytes bytes) => bytes.IsNull ? -1 : bytes.Length;

    private static List<string> HeaderKeys(Record record)
    {
        List<string> keys = [];
        foreach (RecordHeaders header in record.Headers)
        {
            keys.Add(Encoding.UTF8.GetString(header.Key));
        }

        return keys;
    }
}
