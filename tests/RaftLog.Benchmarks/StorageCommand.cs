using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Storage;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Storage;

namespace RaftLog.Benchmarks;

/// <summary>
/// <c>storage</c>: one log beside plain loops of the same system calls on the same disk: appends, reads, recovery, compaction, and a look
/// at ten thousand logs.
/// </summary>
internal static class StorageCommand
{
    private const int BatchBytes = 64 << 10;
    private const int GroupBatches = 8;
    private const int ReadBytes = 1 << 20;
    private const int ManyLogs = 10_000;
    private const double MiB = 1 << 20;
    private static readonly TopicPartition Name = new("benchmark", 0);
    private static readonly LogSettings NeverFlush = new() { FlushIntervalMessages = long.MaxValue };
    private static readonly LeaderEpoch Epoch = new(1);

    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<string> dir = new("--dir")
        {
            Description = "Where to write; its file system is what is measured.",
            DefaultValueFactory = _ => Path.GetTempPath(),
        };
        Option<int> megabytes = new("--mib") { Description = "MiB that each way moves in a round.", DefaultValueFactory = _ => 512 };
        Option<int> rounds = new("--rounds") { Description = "Rounds, of which the best counts.", DefaultValueFactory = _ => 5 };
        System.CommandLine.Command command = new("storage", "Measures one log beside plain loops of the same system calls.")
        {
            dir,
            megabytes,
            rounds,
        };
        command.SetAction(parsed =>
            RunAsync(
                Path.Combine(parsed.GetValue(dir)!, $"raftlog-storage-{Environment.ProcessId}"),
                (long)parsed.GetValue(megabytes) << 20,
                parsed.GetValue(rounds)
            )
        );
        return command;
    }

    private static async Task<int> RunAsync(string path, long bytes, int rounds)
    {
        Console.WriteLine($"{Machine.Describe()}\n\n| | log MiB/s | plain MiB/s | log / plain |\n|---|---:|---:|---:|");
        Directory.CreateDirectory(path);
        try
        {
            await AppendAsync(path, bytes, rounds);
            await FlushInGroupsAsync(path, bytes / 4, rounds);
            await ReadAsync(path, bytes, rounds);
            Console.WriteLine("\n| | |\n|---|---:|");
            await AllocateAsync(path);
            await RecoverAsync(path, bytes);
            await CompactAsync(path, bytes);
            await RetainAsync(path);
        }
        finally
        {
            Directory.Delete(path, recursive: true);
        }

        return 0;
    }

    private static async Task AppendAsync(string path, long bytes, int rounds)
    {
        Batch batch = new(BatchBytes, 1000);
        double[] best = await Measure.BestAsync(
            rounds,
            () => WithLogAsync(path, NeverFlush, log => AppendTo(log, bytes, () => log.AppendBuilt(batch.Fresh(), Epoch, Now()))),
            () =>
                WithLogAsync(
                    path,
                    NeverFlush,
                    log => AppendTo(log, bytes, () => log.AppendAsLeader(batch.Fresh(), Epoch, AppendSettings.Default, Now()))
                ),
            () => Task.FromResult(WritePlain(path, batch, bytes))
        );
        Measure.Print("append 64 KiB batches, no checksum, no look at records", best[0], best[2]);
        Measure.Print("append 64 KiB batches of a producer", best[1], best[2]);
    }

    private static async Task FlushInGroupsAsync(string path, long bytes, int rounds)
    {
        Batch batch = new(BatchBytes, 1000);
        LogSettings settings = new() { FlushIntervalMessages = GroupBatches * batch.Records };
        double[] best = await Measure.BestAsync(
            rounds,
            async () =>
            {
                await using ScratchDirectory directory = await ScratchDirectory.OpenAsync(Path.Combine(path, "log"));
                PartitionLog log = directory.Directory.Create(Name, new Uuid(3, 4), settings);
                long written = 0;
                while (written < bytes)
                {
                    for (int i = 0; i < GroupBatches; i++)
                    {
                        log.AppendBuilt(batch.Fresh(), Epoch, Now());
                        written += BatchBytes;
                    }

                    await directory.FlushAsync(log);
                }

                return written;
            },
            async () =>
            {
                LinuxDisk disk = new();
                string name = Path.Combine(path, "plain");
                long written = 0;
                using (IDiskFile file = disk.OpenOrCreate(name))
                {
                    while (written < bytes)
                    {
                        for (int i = 0; i < GroupBatches; i++, written += BatchBytes)
                        {
                            file.Write(written, batch.Fresh().Span);
                        }

                        await disk.FlushAsync([file]);
                    }
                }

                disk.DeleteFile(name);
                return written;
            }
        );
        Measure.Print("append 64 KiB batches, a flush for each 8", best[0], best[1]);
    }

    private static async Task ReadAsync(string path, long bytes, int rounds)
    {
        Batch batch = new(BatchBytes, 1000);
        byte[] buffer = new byte[ReadBytes];
        await using ScratchDirectory directory = await ScratchDirectory.OpenAsync(Path.Combine(path, "log"));
        PartitionLog log = directory.Directory.Create(Name, new Uuid(3, 4), NeverFlush);
        AppendTo(log, bytes, () => log.AppendBuilt(batch.Fresh(), Epoch, Now()));
        string plain = Path.Combine(path, "plain");
        File.WriteAllBytes(plain, []);
        WritePlain(path, batch, bytes, isKept: true);
        double[] best = await Measure.BestAsync(
            rounds,
            () =>
            {
                long read = 0;
                for (Offset from = Offset.Zero; from < log.EndOffset; )
                {
                    using LogSlice slice = log.Read(from, ReadBytes, log.EndOffset, atLeastOneBatch: true).Slice;
                    read += slice.Read(buffer);
                    from = slice.EndOffset;
                }

                return Task.FromResult(read);
            },
            () =>
            {
                using SafeFileHandle file = File.OpenHandle(plain);
                long read = 0;
                while (RandomAccess.Read(file, buffer, read) is > 0 and int more)
                {
                    read += more;
                }

                return Task.FromResult(read);
            }
        );
        Measure.Print("read in order, 1 MiB at a time", best[0], best[1]);
        File.Delete(plain);
    }

    private static async Task AllocateAsync(string path)
    {
        const int Batches = 2000;
        Batch batch = new(BatchBytes, 1000);
        await WithLogAsync(
            path,
            NeverFlush,
            log =>
            {
                for (int i = 0; i < Batches; i++)
                {
                    log.AppendAsLeader(batch.Fresh(), Epoch, AppendSettings.Default, Now());
                }

                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < Batches; i++)
                {
                    log.AppendAsLeader(batch.Fresh(), Epoch, AppendSettings.Default, Now());
                }

                double each = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Batches;
                Console.WriteLine(
                    string.Create(CultureInfo.InvariantCulture, $"| bytes allocated for a batch of a producer | {each:0.00} |")
                );
                return 0;
            }
        );
    }

    private static async Task RecoverAsync(string path, long bytes)
    {
        string place = Path.Combine(path, "log");
        Batch batch = new(BatchBytes, 1000);
        ScratchDirectory written = await ScratchDirectory.OpenAsync(place);
        PartitionLog log = written.Directory.Create(Name, new Uuid(3, 4), NeverFlush);
        AppendTo(log, bytes, () => log.AppendBuilt(batch.Fresh(), Epoch, Now()));
        await written.AbandonAsync();
        await using ScratchDirectory again = await ScratchDirectory.OpenAsync(place);
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long began = Stopwatch.GetTimestamp();
        PartitionLog recovered = await again.Directory.OpenLogAsync(Name, NeverFlush);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        double used = (Environment.CpuUsage.TotalTime - processor).TotalSeconds;
        double scanned = recovered.Recovery.ScannedBytes / 1e9;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"| recovery scan, GB/s by the clock (disk included), by processor time | {scanned / seconds:0.00}, {scanned / used:0.00} |"
            )
        );
    }

    private static async Task CompactAsync(string path, long bytes)
    {
        const int RecordBytes = 1000;
        const int RecordsInBatch = 64;
        await using ScratchDirectory directory = await ScratchDirectory.OpenAsync(Path.Combine(path, "log"));
        PartitionLog log = directory.Directory.Create(Name, new Uuid(3, 4), NeverFlush with { SegmentBytes = 128 << 20 });
        long keys = bytes / RecordBytes / 2;
        byte[] value = new byte[RecordBytes];
        for (long next = 0; next < 2 * keys; )
        {
            using RecordBatchBuilder builder = new(new RecordBatchOptions(128 << 10, CompressionType.None));
            for (int i = 0; i < RecordsInBatch; i++, next++)
            {
                byte[] key = BitConverter.GetBytes(next % keys);
                builder.TryAppend(Now(), key, new NullableBytes(value));
            }

            log.AppendBuilt(builder.Seal().ToArray(), Epoch, Now());
        }

        log.SetHighWatermark(log.EndOffset);
        log.Settings = log.Settings with { FlushIntervalMessages = 1 };
        log.Roll(Now());
        await directory.FlushAsync(log);
        LogCleaner cleaner = new(TimeProvider.System, new byte[16]);
        CleaningSettings always = CleaningSettings.Default with { MinDirtyRatio = 0 };
        long before = log.SizeBytes;
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long began = Stopwatch.GetTimestamp();
        CleaningResult? result = await cleaner.CleanAsync(
            log,
            always,
            CleanerOptions.Default,
            static change => change(),
            Now(),
            CancellationToken.None
        );
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        double used = (Environment.CpuUsage.TotalTime - processor).TotalSeconds;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"| compaction of {before / MiB:0} MiB to {log.SizeBytes / MiB:0} MiB (1 KB records, half of them duplicates), MiB/s, "
                    + $"processor seconds | {before / MiB / seconds:0}, {used:0.0} |"
            )
        );
        Trace.Assert(result is not null, "nothing was compacted");
    }

    private static async Task RetainAsync(string path)
    {
        Batch batch = new(1024, 100);
        await using ScratchDirectory directory = await ScratchDirectory.OpenAsync(Path.Combine(path, "log"));
        List<PartitionLog> logs = [];
        foreach (
            CreatedLog created in await directory.Directory.CreateAsync([
                .. Enumerable.Range(0, ManyLogs).Select(i => new NewLog(new TopicPartition("many", i), new Uuid(3, 4), NeverFlush)),
            ])
        )
        {
            PartitionLog log = created.Log ?? throw new InvalidOperationException(created.Failure!.Message);
            log.AppendBuilt(batch.Fresh(), Epoch, Now());
            log.SetHighWatermark(log.EndOffset);
            logs.Add(log);
        }

        RetentionLimits limits = new(604_800_000, 1L << 30);
        logs.ForEach(log => log.Retain(limits, Now()));
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        int removed = logs.Sum(log => log.Retain(limits, Now()).Segments);
        double used = (Environment.CpuUsage.TotalTime - processor).TotalMilliseconds;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"| retention pass over {ManyLogs} logs with nothing to delete ({removed} segments went), ms of processor time | "
                    + $"{used:0.0} |"
            )
        );
    }

    private static long Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private static async Task<long> WithLogAsync(string path, LogSettings settings, Func<PartitionLog, long> use)
    {
        await using ScratchDirectory directory = await ScratchDirectory.OpenAsync(Path.Combine(path, "log"));
        return use(directory.Directory.Create(Name, new Uuid(3, 4), settings));
    }

    private static long AppendTo(PartitionLog log, long bytes, Func<AppendResult> append)
    {
        while (log.SizeBytes < bytes)
        {
            AppendResult result = append();
            if (!result.IsAccepted)
            {
                throw new InvalidOperationException(result.Message);
            }
        }

        return log.SizeBytes;
    }

    private static long WritePlain(string path, Batch batch, long bytes, bool isKept = false)
    {
        string name = Path.Combine(path, "plain");
        long written = 0;
        using (SafeFileHandle file = File.OpenHandle(name, FileMode.Create, FileAccess.Write))
        {
            ReadOnlySpan<byte> source = batch.Fresh().Span;
            for (; written < bytes; written += source.Length)
            {
                RandomAccess.Write(file, source, written);
            }
        }

        if (!isKept)
        {
            File.Delete(name);
        }

        return written;
    }
}
