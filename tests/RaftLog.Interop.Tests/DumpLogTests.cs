using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Interop.Tests;

/// <summary>Kafka's own reader of log files on the files of a node, while it runs and after it was killed.</summary>
public sealed class DumpLogTests
{
    private const string Topic = "dumped";
    private const int BatchCount = 40;

    private static readonly string[] Complaints =
    [
        "isvalid: false",
        "Mismatches",
        "Non-consecutive",
        "Found timestamp mismatch",
        "Found invalid",
        "Exception",
        "Could not",
    ];

    [KafkaToolsFact]
    public async Task Kafka_reads_the_files_of_a_live_and_of_a_killed_node_without_complaint()
    {
        Dictionary<string, string> settings = new()
        {
            ["log.segment.bytes"] = "1048576",
            ["log.index.interval.bytes"] = "4096",
            ["metadata.log.max.record.bytes.between.snapshots"] = "2000",
        };
        using Cluster cluster = await Cluster.StartAsync(1, settings);
        await cluster.WatchAsync(async _ =>
        {
            NodeProcess node = cluster.Nodes[0];
            await cluster.View.CreateTopicAsync(Topic, partitions: 1, replicas: 1);
            await FillAsync(cluster);
            for (int i = 0; i < 20; i++)
            {
                await cluster.View.CreateTopicAsync($"{Topic}-{i}-for-a-longer-metadata-log", partitions: 3, replicas: 1);
            }

            string metadata = SegmentFiles.DirectoryOf(node, "__cluster_metadata", 0);
            await Poll.UntilAsync("a snapshot of the metadata", () => SegmentFiles.Of(metadata, ".checkpoint").Count() > 1);
            await MustReadAsync(node, metadata);
            await node.KillAsync();
            await MustReadAsync(node, metadata);
            await node.RestartAsync();
            await cluster.View.UntilInSyncAsync(Topic, partitions: 1, inSync: 1);
            await MustReadAsync(node, metadata);
        });
    }

    private static async Task FillAsync(Cluster cluster)
    {
        InitProducerIdResponse identity = await cluster.View.AskAsync(
            new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = 60_000 }
        );
        string text = string.Concat(Enumerable.Repeat("some text that compresses a little ", 1000));
        CompressionType[] codecs = Enum.GetValues<CompressionType>();
        for (int i = 0; i < BatchCount; i++)
        {
            ProducerStamp producer = new(identity.ProducerId, identity.ProducerEpoch, i * 3);
            byte[] batch = RawBatches.Of(producer, codecs[i % codecs.Length], RawBatches.FirstTimestamp + (i * 5000L), text, $"{i}", text);
            Assert.True(await cluster.View.TryProduceAsync(Topic, 0, batch));
        }
    }

    private static async Task MustReadAsync(NodeProcess node, string metadata)
    {
        string data = SegmentFiles.DirectoryOf(node, Topic, 0);
        string logs = string.Join(',', SegmentFiles.Of(data, ".log"));
        string indexes = string.Join(
            ',',
            (string[])[.. SegmentFiles.Of(data, ".index"), .. SegmentFiles.Of(data, ".timeindex"), .. SegmentFiles.Of(data, ".snapshot")]
        );
        CommandResult records = await DumpAsync("--files", logs, "--deep-iteration", "--print-data-log");
        records.Saying($"lastOffset: {(BatchCount * 3) - 1} ");
        await DumpAsync("--files", indexes, "--index-sanity-check");
        await DumpAsync("--files", indexes, "--verify-index-only");
        string meta = string.Join(',', (string[])[.. SegmentFiles.Of(metadata, ".log"), .. SegmentFiles.Of(metadata, ".checkpoint")]);
        (await DumpAsync("--files", meta, "--cluster-metadata-decoder"))
            .Saying("REGISTER_BROKER_RECORD")
            .Saying("SnapshotHeader")
            .Saying("SnapshotFooter");
    }

    private static async Task<CommandResult> DumpAsync(params string[] arguments)
    {
        CommandResult result = (await KafkaTools.RunAsync("dump-log", arguments)).Succeeded();
        foreach (string complaint in Complaints)
        {
            result.NotSaying(complaint);
        }

        return result;
    }
}
