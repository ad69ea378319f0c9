using System.Diagnostics;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>Kafka's own reader of log files on files with everything in them: rolls, truncations, transactions, all codecs.</summary>
public sealed class DumpLogTests : IDisposable
{
    private static readonly string[] Complaints =
    [
        "isvalid: false",
        "ismatch",
        "is followed by",
        "Found timestamp",
        "Found invalid",
        "Exception",
        "Could not",
    ];

    private readonly string _root = Directory.CreateTempSubdirectory("raftlog-storage").FullName;

    [PeersFact]
    public async Task Kafka_reads_open_and_closed_logs_and_indexes_without_complaint()
    {
        var disk = new LinuxDisk();
        await new MetaProperties("cluster", new NodeId(1), new Uuid(1, 2)).WriteAsync(disk, _root);
        LogDirectory directory = await LogDirectory.OpenAsync(disk, TimeProvider.System, _root);
        Task loops = directory.RunAsync();
        PartitionLog log = directory.Create(
            Node.Orders,
            Node.OrdersId,
            new LogSettings { SegmentBytes = 20_000, IndexIntervalBytes = 500 }
        );
        Fill(log);
        Dump(log, "open");

        await directory.CloseAsync(new BrokerEpoch(1));
        await loops;
        Dump(log, "closed");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static void Fill(PartitionLog log)
    {
        CompressionType[] codecs = Enum.GetValues<CompressionType>();
        var transactional = new ProducerStamp(new ProducerId(70), new ProducerEpoch(0), 0);
        for (int i = 0; i < 300; i++)
        {
            Memory<byte> batch = With(
                new ProducerStamp(new ProducerId(7), new(0), i * 2),
                codecs[i % codecs.Length],
                false,
                Now + (i * 10),
                new string('x', 150),
                $"value {i}"
            );
            Assert.True(log.AppendAsLeader(batch, new LeaderEpoch(i / 100), AppendSettings.Default, Now + (i * 10)).IsAccepted);
            if (i % 30 == 10)
            {
                Assert.True(
                    log.AppendAsLeader(
                        Transactional(transactional with { BaseSequence = i / 30 }, "in a transaction"),
                        new LeaderEpoch(i / 100),
                        AppendSettings.Default,
                        Now
                    ).IsAccepted
                );
            }

            if (i % 30 == 20)
            {
                Assert.True(log.AppendBuilt(Marker(ControlRecordType.Abort, transactional, 0), new LeaderEpoch(i / 100), Now).IsAccepted);
            }
        }

        log.TruncateTo(log.EndOffset - 17);
        Assert.True(log.AppendBuilt(Of("after the cut"), new LeaderEpoch(9), Now).IsAccepted);
    }

    private static void Dump(PartitionLog log, string when)
    {
        string[] files = Directory.GetFiles(log.Path);
        string Of(params string[] suffixes) =>
            string.Join(',', files.Where(file => suffixes.Any(suffix => file.EndsWith(suffix, StringComparison.Ordinal))).Order());
        Assert.Contains("after the cut", Run(when, "--files", Of(".log"), "--deep-iteration", "--print-data-log"));
        Run(when, "--files", Of(".index", ".timeindex", ".txnindex", ".snapshot"), "--index-sanity-check");
        Run(when, "--files", Of(".index", ".timeindex"), "--verify-index-only");
    }

    private static string Run(string when, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(PeersFactAttribute.Folder!, "kafka", "kafka"), ["tool", "dump-log", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output);

        // It takes -1 for the offset before each segment's first, also in Kafka's own segments.
        string[] complaints =
        [
            .. output
                .Split('\n')
                .Where(line => Complaints.Any(line.Contains) && !line.StartsWith("  -1 is followed by", StringComparison.Ordinal)),
        ];
        Assert.True(complaints.Length == 0, $"dump-log of the {when} log complains:\n{string.Join('\n', complaints)}");
        return output;
    }

    /// <summary>Skipped, and says so, where Kafka's tools are not there.</summary>
    private sealed class PeersFactAttribute : FactAttribute
    {
        public PeersFactAttribute() => Skip = Folder is null ? "skipped: RAFTLOG_PEERS does not name a folder with Kafka's tools" : null;

        public static string? Folder { get; } =
            Environment.GetEnvironmentVariable("RAFTLOG_PEERS") is { Length: > 0 } folder
            && File.Exists(Path.Combine(folder, "kafka", "kafka"))
                ? folder
                : null;
    }
}
