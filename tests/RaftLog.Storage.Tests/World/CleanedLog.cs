using System.Text;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>A log with its node, and a cleaner for it.</summary>
internal sealed class CleanedLog
{
    /// <summary>A round is due as soon as anything can be cleaned.</summary>
    public static readonly CleaningSettings Always = CleaningSettings.Default with { MinDirtyRatio = 0 };

    private readonly CrashDisk _disk = new();

    public CleanedLog(Func<CrashDisk, Platform.IDisk>? through = null)
    {
        Node = new Node(_disk, through?.Invoke(_disk)).Run();
        Log = Node.Create(new LogSettings());
        Node.Flush();
    }

    public Node Node { get; private set; }

    public PartitionLog Log { get; private set; }

    public Offset? HighWatermark { get; set; }

    public static Memory<byte> Keyed(
        ProducerStamp stamp,
        CompressionType codec,
        bool transactional,
        long timestamp,
        params (string Key, string? Value)[] records
    )
    {
        using var builder = new RecordBatchBuilder(new RecordBatchOptions(1 << 20, codec));
        builder.Producer = stamp;
        builder.Attributes = transactional ? builder.Attributes.AsTransactional() : builder.Attributes;
        for (int i = 0; i < records.Length; i++)
        {
            (string key, string? value) = records[i];
            Assert.True(
                builder.TryAppend(
                    timestamp + i,
                    Encoding.UTF8.GetBytes(key),
                    value is null ? NullableBytes.Null : new NullableBytes(Encoding.UTF8.GetBytes(value))
                )
            );
        }

        return builder.Seal().ToArray();
    }

    public CleanedLog Put(string key, string? value, long timestamp = Now) =>
        Append(Keyed(ProducerStamp.None, CompressionType.None, false, timestamp, (key, value)));

    public CleanedLog Produce(ProducerStamp stamp, string key, string value) =>
        Append(Keyed(stamp, CompressionType.None, false, Now, (key, value)));

    public CleanedLog Transactional(ProducerStamp stamp, string key, string value) =>
        Append(Keyed(stamp, CompressionType.None, true, Now, (key, value)));

    public CleanedLog End(ProducerStamp stamp, ControlRecordType type)
    {
        Log.AppendBuilt(Marker(type, stamp, 0), new LeaderEpoch(0), Now);
        return Settled();
    }

    public CleanedLog Append(Memory<byte> batch)
    {
        Log.AppendAsLeader(batch, new LeaderEpoch(0), AppendSettings.Default, Now);
        return Settled();
    }

    public CleanedLog Roll()
    {
        Log.Roll(Now);
        return Settled();
    }

    public Task<CleaningResult?> Start(CleaningSettings? settings = null, CleanerOptions? options = null, long nowMs = Now)
    {
        LogCleaner cleaner = new(Node.Time, new byte[16]);
        return Node.Pump.Start(() =>
            cleaner.CleanAsync(
                Log,
                settings ?? Always,
                options ?? CleanerOptions.Default,
                change => !Log.IsDeleted && !Node.Directory.Health.IsOffline && change(),
                nowMs,
                CancellationToken.None
            )
        );
    }

    public CleaningResult? Clean(CleaningSettings? settings = null, CleanerOptions? options = null, long nowMs = Now)
    {
        Log.SetHighWatermark(HighWatermark ?? Log.EndOffset);
        Task<CleaningResult?> round = Start(settings, options, nowMs);
        Node.Pump.Drain();
        Assert.True(round.IsCompleted);
        return round.GetAwaiter().GetResult();
    }

    public void TryClean()
    {
        Log.SetHighWatermark(Log.EndOffset);
        Task<CleaningResult?> round = Start();
        Node.Pump.Drain();
        if (round.IsFaulted)
        {
            Assert.IsType<Platform.DiskException>(round.Exception!.InnerException);
        }
    }

    public PartitionLog Restart()
    {
        Node = Node.Restart();
        return Log = Node.Open(new LogSettings());
    }

    public void LosePower(Action<CrashDisk> losePower)
    {
        losePower(_disk);
        Node = new Node(_disk).Run();
        Log = Node.Open(new LogSettings());
    }

    public void RemoveSnapshots()
    {
        foreach (string name in Files().Where(name => name.EndsWith(".snapshot", StringComparison.Ordinal)))
        {
            Node.Disk.DeleteFile($"{Log.Path}/{name}");
        }
    }

    public IReadOnlyList<string> Files() => Node.Disk.ListFiles(Log.Path);

    public byte[] Bytes()
    {
        List<byte> all = [];
        Offset from = Log.StartOffset;
        while (from < Log.EndOffset)
        {
            using LogSlice slice = Log.Read(from, 1 << 20, Log.EndOffset, true).Slice;
            if (slice.IsEmpty)
            {
                break;
            }

            byte[] bytes = new byte[slice.Length];
            int length = slice.Read(bytes);
            foreach (RecordBatch batch in new RecordBatches(bytes.AsSpan(0, length)))
            {
                from = batch.NextOffset;
            }

            all.AddRange(bytes.AsSpan(0, length));
        }

        return [.. all];
    }

    public List<(long Offset, string Key, string? Value)> Records()
    {
        List<(long, string, string?)> records = [];
        foreach (RecordBatch batch in new RecordBatches(Bytes()))
        {
            Assert.True(batch.HasValidChecksum);
            if (batch.Attributes.IsControl)
            {
                continue;
            }

            using RecordSection section = RecordSection.Open(batch, 1 << 24);
            foreach (Protocol.Records.Record record in section)
            {
                records.Add(
                    (
                        record.Offset.Value,
                        Encoding.UTF8.GetString(record.Key.Span),
                        record.Value.IsNull ? null : Encoding.UTF8.GetString(record.Value.Span)
                    )
                );
            }
        }

        return records;
    }

    public List<long> ControlOffsets()
    {
        List<long> offsets = [];
        foreach (RecordBatch batch in new RecordBatches(Bytes()))
        {
            if (batch.Attributes.IsControl && batch.RecordCount > 0)
            {
                offsets.Add(batch.BaseOffset.Value);
            }
        }

        return offsets;
    }

    private CleanedLog Settled()
    {
        Node.Flush();
        if (HighWatermark is null)
        {
            Log.SetHighWatermark(Log.EndOffset);
        }

        return this;
    }
}
