using System.CommandLine;
using System.Globalization;
using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Benchmarks;

/// <summary>
/// <c>compaction</c>: both systems compact the same history of one partition, with the same memory for keys. The same client writes it
/// while nothing is compacted; the topic's policy is changed then, and the files show when the round has ended.
/// </summary>
internal static class CompactionCommand
{
    private const string Topic = "compacted";
    private const int Segments = 16;
    private const double Megabyte = 1e6;

    /// <summary>More than this part of the bytes is never left, as half of the records go.</summary>
    private const double MostLeft = 0.6;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<double> gib = new("--gib") { Description = "GiB of records.", DefaultValueFactory = _ => 8 };
        Option<bool> alone = new("--raftlog-alone")
        {
            Description = "Measures RaftLog alone, to compare two builds of it (RAFTLOG_EXE names the program).",
        };
        Option<string?> data = new("--data")
        {
            Description = "Where the systems keep their files; removed afterwards. A new folder under the temporary one by default.",
        };
        System.CommandLine.Command command = new(
            "compaction",
            "Compacts the same history; beside Apache Kafka from the folder that RAFTLOG_PEERS names."
        )
        {
            gib,
            alone,
            data,
        };
        command.SetAction(parsed => RunAsync(parsed.GetValue(gib), parsed.GetValue(alone), parsed.GetValue(data)));
        return command;
    }

    private static async Task<int> RunAsync(double gib, bool alone, string? data)
    {
        if (!alone && Peers.Missing is { } missing)
        {
            Console.Error.WriteLine($"compaction: {missing}");
            return 2;
        }

        long bytes = (long)(gib * (1L << 30));
        DuplicatedKeys history = new(bytes);
        Console.WriteLine($"{Machine.Describe()}; {history.Records} records of 1 KB, half of them duplicates");
        Console.WriteLine(
            "\n| | cleaned, MB | left, MB | seconds | MB/s | processor seconds | a GB |\n|---|---:|---:|---:|---:|---:|---:|"
        );
        string root = data ?? Directory.CreateTempSubdirectory("raftlog-compaction-").FullName;
        foreach (ISystem system in alone ? (ISystem[])[new RaftLogSystem()] : [new KafkaSystem(Peers.Folder!), new RaftLogSystem()])
        {
            string directory = Path.Combine(root, system.Name);
            await MeasureAsync(system, directory, history, bytes);
            Directory.Delete(directory, recursive: true);
        }

        return 0;
    }

    private static async Task MeasureAsync(ISystem system, string directory, DuplicatedKeys history, long bytes)
    {
        ClusterShape shape = new(1, ClusterShape.NeverFlush) { Further = [new("log.cleaner.backoff.ms", "100")] };
        await using IRunningCluster cluster = await system.StartAsync(directory, shape);
        using KafkaCluster client = new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers(cluster.Bootstrap) });
        string segment = (bytes / Segments).ToString(CultureInfo.InvariantCulture);
        (await client.Admin.CreateTopicsAsync([new NewTopic(Topic) { Partitions = 1, Configs = [new("segment.bytes", segment)] }]))[0]
            .ThrowIfFailed();
        history.Send(cluster.Bootstrap, Topic);
        (await TestKit.Command.RunAsync("sync", [], patience: Patience)).Succeeded();
        string log = Directory.EnumerateDirectories(directory, $"{Topic}-0", SearchOption.AllDirectories).Single();

        // The last segment is not compacted.
        FileInfo[] files = Files(log);
        long before = files.Sum(static file => file.Length) - files[^1].Length;
        double processor = ProcessUse.Of(cluster.ProcessIds).ProcessorSeconds;
        long began = TimeProvider.System.GetTimestamp();
        ConfigResource topic = new(ConfigResourceType.Topic, Topic);
        (
            await client.Admin.AlterConfigsAsync([
                new(topic, "cleanup.policy", ConfigOperation.Set, "compact"),
                new(topic, "min.cleanable.dirty.ratio", ConfigOperation.Set, "0.01"),
            ])
        )[0]
            .ThrowIfFailed();
        (double seconds, double used) = await WaitAsync(log, before, began, () => ProcessUse.Of(cluster.ProcessIds).ProcessorSeconds);
        files = Files(log);
        long after = files.Sum(static file => file.Length) - files[^1].Length;
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"| {system.Name} | {before / Megabyte:0} | {after / Megabyte:0} | {seconds:0.0} | {before / Megabyte / seconds:0} | "
                    + $"{used - processor:0.0} | {(used - processor) / before * 1e9:0.00} |"
            )
        );
    }

    /// <summary>
    /// Waits until what is left is small enough and nothing was being written for a while; the seconds until then, and the processor time
    /// at that moment.
    /// </summary>
    private static async Task<(double Seconds, double Processor)> WaitAsync(string log, long before, long began, Func<double> processor)
    {
        (double Seconds, double Processor)? ended = null;
        while (true)
        {
            double seconds = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
            if (seconds > Patience.TotalSeconds)
            {
                throw new TimeoutException($"nothing was compacted within {Patience}: see the node's log");
            }

            if (!IsAtRest(log, before))
            {
                ended = null;
            }
            else if (ended is not { } since)
            {
                ended = (seconds, processor());
            }
            else if (seconds - since.Seconds > Quiet.TotalSeconds)
            {
                return since;
            }

            await Task.Delay(Pause);
        }
    }

    private static bool IsAtRest(string log, long before)
    {
        try
        {
            return !Directory
                    .EnumerateFiles(log)
                    .Any(static name =>
                        name.EndsWith(".cleaned", StringComparison.Ordinal) || name.EndsWith(".swap", StringComparison.Ordinal)
                    )
                && Files(log).Sum(static file => file.Length) < before * MostLeft;
        }
        catch (FileNotFoundException)
        {
            // Renamed between the listing and the look.
            return false;
        }
    }

    private static FileInfo[] Files(string log) =>
        [.. new DirectoryInfo(log).EnumerateFiles("*.log").OrderBy(static file => file.Name, StringComparer.Ordinal)];
}
