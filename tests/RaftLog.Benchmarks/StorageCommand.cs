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
    private const int MostKeys = 1_000_000;
    private const double MiB = 1 << 20;
    private static readonly TopicPartition Name = new("benchmark", 0);
    private static readonly LogSettings NeverFlush = new() { FlushIntervalMessages = long.MaxValue };
    private static readonly LeaderEpoch Epoch = new(1);

    /// <summary>What is compared with a plain loop: in a folder, so many bytes, so many rounds.</summary>
    private static readonly Dictionary<string, Func<string, long, int, Task>> Compared = new(StringComparer.Ordinal)
    {
        ["append"] = AppendAsync,
        ["flush"] = (path, bytes, rounds) => FlushInGroupsAsync(path, bytes / 4, rounds),
        ["read"] = ReadAsync,
        ["recover"] = RecoverAsync,
    };

    /// <summary>What is not.</summary>
    private static readonly Dictionary<string, Func<string, long, int, Task>> Alone = new(StringComparer.Ordinal)
    {
        ["allocate"] = (path, _, _) => AllocateAsync(path),
        ["compact"] = (path, bytes, _) => CompactAsync(path, bytes),
        ["keys"] = (path, _, _) => CompactKeysAsync(path),
        ["retain"] = (path, _, _) => RetainAsync(path),
    };

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
        Option<string[]> parts = new("--part")
        {
            Description = $"Only these parts: {string.Join(", ", Parts)}.",
            AllowMultipleArgumentsPerToken = true,
        };
        System.CommandLine.Command command = new("storage", "Measures one log beside plain loops of the same system calls.")
        {
            dir,
            megabytes,
            rounds,
            parts,
        };
        command.SetAction(parsed =>
            RunAsync(
                Path.Combine(parsed.GetValue(dir)!, $"raftlog-storage-{Environment.ProcessId}"),
                (long)parsed.GetValue(megabytes) << 20,
                parsed.GetValue(rounds),
                parsed.GetValue(parts) is { Length: > 0 } chosen ? chosen : [.. Parts]
            )
        );
        return command;
    }

    private static IEnumerable<string> Parts => Compared.Keys.Concat(Alone.Keys);

    private static async Task<int> RunAsync(string path, long bytes, int rounds, string[] parts)
    {
        if (parts.FirstOrDefault(static part => !Parts.Contains(part)) is { } unknown)
        {
            Console.Error.WriteLine($"storage: there is no part '{unknown}'; the parts are {string.Join(", ", Parts)}");
            return 2;
        }

        Console.WriteLine($"{Machine.Describe()}\n\n| | log MiB/s | plain MiB/s | log / plain |\n|---|---:|---:|---:|");
        Directory.CreateDirectory(path);
        try
        {
            foreach (string part in parts.Where(Compared.ContainsKey))
            {
                await Compared[part](path, bytes, rounds);
            }

            Console.WriteLine("\n| | |\n|---|---:|");
            foreach (string part in parts.Where(Alone.ContainsKey))
            {
                await Alone[part](path, bytes, rounds);
            }
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
                return await Measure.TimedAsync(async () =>
                {
                    while (log.SizeBytes < bytes)
                    {
                        for (int i = 0; i < GroupBatches; i++)
                        {
                            log.AppendBuilt(batch.Fresh(), Epoch, Now());
                        }

                        await directory.FlushAsync(log);
                    }

                    return log.SizeBytes;
                });
            },
            async () =>
            {
                LinuxDisk disk = new();
                string name = Path.Combine(path, "plain");
                using IDiskFile file = disk.OpenOrCreate(name);
                Moved moved = await Measure.TimedAsync(async () =>
                {
                    long written = 0;
                    while (written < bytes)
                    {
                        for (int i = 0; i < GroupBatches; i++)
                        {
                            ReadOnlySpan<byte> source = batch.Fresh().Span;
                            file.Write(written, source);
                            written += source.Length;
                        }

                        await disk.FlushAsync([file]);
                    }

                    return written;
                });
                disk.DeleteFile(name);
                return moved;
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

        // The same file: how fast a file is read depends on how it was written, which decides over the sizes of its pages.
        string plain = SegmentIn(path);
        int wholeBatches = ReadBytes / batch.Fresh().Length * batch.Fresh().Length;
        double[] best = await Measure.BestAsync(
            rounds,
            () =>
                Task.FromResult(
                    Measure.Timed(() =>
                    {
                        long read = 0;
                        for (Offset from = Offset.Zero; from < log.EndOffset; )
                        {
                            using LogSlice slice = log.Read(from, ReadBytes, log.EndOffset, atLeastOneBatch: true).Slice;
                            read += slice.Read(buffer);
                            from = slice.EndOffset;
                        }

                        return read;
                    })
                ),
            () => Task.FromResult(ReadPlain(plain, buffer.AsMemory(0, wholeBatches))),
            () => Task.FromResult(ReadPlain(plain, buffer))
        );
        Measure.Print("read in order, up to 1 MiB of whole batches; plain at the same places", best[0], best[1]);
        Measure.Print("the same; plain at whole MiB", best[0], best[2]);
    }

    private static string SegmentIn(string path) => Path.Combine(path, "log", $"{Name}", $"{0:D20}.log");

    private static Moved ReadPlain(string name, Memory<byte> buffer)
    {
        using SafeFileHandle file = File.OpenHandle(name);
        return Measure.Timed(() =>
        {
            long read = 0;
            while (RandomAccess.Read(file, buffer.Span, read) is > 0 and int more)
            {
                read += more;
            }

            return read;
        });
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

                long[] each = new long[Batches];
                for (int i = 0; i < Batches; i++)
                {
                    long before = GC.GetAllocatedBytesForCurrentThread();
                    log.AppendAsLeader(batch.Fresh(), Epoch, AppendSettings.Default, Now());
                    each[i] = GC.GetAllocatedBytesForCurrentThread() - before;
                }

                Console.WriteLine(
                    $"| bytes allocated by {Batches} batches of a producer, by how many of them | {each.Sum()}, "
                        + $"{each.Count(static bytes => bytes > 0)} |"
                );
                return 0;
            }
        );
    }

    private static async Task RecoverAsync(string path, long bytes, int rounds)
    {
        double own = double.MaxValue;
        double[] best = await Measure.BestAsync(
            rounds,
            async () =>
            {
                (Moved moved, double seconds) = await RecoverAsync(path, bytes);
                own = Math.Min(own, seconds * 1e9 / moved.Bytes);
                return moved;
            },
            () => Task.FromResult(ReadFromDisk(path, bytes))
        );
        Measure.Print("recovery from the disk; plain: pread after the page cache was dropped", best[0], best[1]);
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"| the same by processor time without the kernel's, GB/s | {1 / own:0.0} | | |")
        );
    }

    private static Moved ReadFromDisk(string path, long bytes)
    {
        string name = Path.Combine(path, "plain");
        WritePlain(path, new Batch(BatchBytes, 1000), bytes, isKept: true);
        byte[] buffer = new byte[ReadBytes];
        using IDiskFile file = new LinuxDisk().OpenOrCreate(name);
        using (FileStream stream = new(name, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite))
        {
            stream.Flush(flushToDisk: true);
        }

        Moved moved = Measure.Timed(() =>
        {
            file.DropCache();
            long read = 0;
            while (file.Read(read, buffer) is > 0 and int more)
            {
                read += more;
            }

            return read;
        });
        File.Delete(name);
        return moved;
    }

    /// <summary>Recovers a log that was not stopped in order; the seconds of processor time that were not the kernel's.</summary>
    private static async Task<(Moved Moved, double Seconds)> RecoverAsync(string path, long bytes)
    {
        string place = Path.Combine(path, "log");
        Batch batch = new(BatchBytes, 1000);
        ScratchDirectory written = await ScratchDirectory.OpenAsync(place);
        PartitionLog log = written.Directory.Create(Name, new Uuid(3, 4), NeverFlush);
        AppendTo(log, bytes, () => log.AppendBuilt(batch.Fresh(), Epoch, Now()));
        await written.AbandonAsync();

        // What it had not flushed is not the recovery's work.
        (await TestKit.Command.RunAsync("sync", [])).Succeeded();
        await using ScratchDirectory again = await ScratchDirectory.OpenAsync(place);
        Environment.ProcessCpuUsage before = Environment.CpuUsage;
        long began = Stopwatch.GetTimestamp();
        PartitionLog recovered = await again.Directory.OpenLogAsync(Name, NeverFlush);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(began);
        return (new Moved(recovered.Recovery.ScannedBytes, elapsed), (Environment.CpuUsage.UserTime - before.UserTime).TotalSeconds);
    }

    private static Task CompactAsync(string path, long bytes)
    {
        const int RecordBytes = 1000;
        int keys = (int)(bytes / RecordBytes / 2);
        return CompactAsync(path, keys, RecordBytes, "1 KB records, half of them duplicates");
    }

    private static Task CompactKeysAsync(string path)
    {
        const int RecordBytes = 100;
        return CompactAsync(path, MostKeys, RecordBytes, $"{MostKeys} keys, each twice");
    }

    private static async Task CompactAsync(string path, int keys, int recordBytes, string what)
    {
        const int RecordsInBatch = 64;
        await using ScratchDirectory directory = await ScratchDirectory.OpenAsync(Path.Combine(path, "log"));
        PartitionLog log = directory.Directory.Create(Name, new Uuid(3, 4), NeverFlush with { SegmentBytes = 128 << 20 });
        byte[] value = new byte[recordBytes];
        for (long next = 0; next < 2L * keys; )
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
                $"| compaction of {before / MiB:0} MiB to {log.SizeBytes / MiB:0} MiB ({what}; {result?.RecordsKept ?? 0} records stay), "
                    + $"MiB/s, processor seconds | {before / MiB / seconds:0}, {used:0.0} |"
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

    private static async Task<Moved> WithLogAsync(string path, LogSettings settings, Func<PartitionLog, long> use)
    {
        await using ScratchDirectory directory = await ScratchDirectory.OpenAsync(Path.Combine(path, "log"));
        PartitionLog log = directory.Directory.Create(Name, new Uuid(3, 4), settings);
        return Measure.Timed(() => use(log));
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

    private static Moved WritePlain(string path, Batch batch, long bytes, bool isKept = false)
    {
        string name = Path.Combine(path, "plain");
        using SafeFileHandle file = File.OpenHandle(name, FileMode.Create, FileAccess.Write);
        Moved moved = Measure.Timed(() =>
        {
            long written = 0;
            while (written < bytes)
            {
                ReadOnlySpan<byte> source = batch.Fresh().Span;
                RandomAccess.Write(file, source, written);
                written += source.Length;
            }

            return written;
        });
        if (!isKept)
        {
            File.Delete(name);
        }

        return moved;
    }
}
