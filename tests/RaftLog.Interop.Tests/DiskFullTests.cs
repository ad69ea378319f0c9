using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests;

/// <summary>A disk without room.</summary>
public sealed class DiskFullTests
{
    private const int Megabytes = 96;
    private const int BallastMegabytes = 64;
    private const string Topic = "filling";

    [MountFact]
    public async Task A_full_disk_rejects_records_and_loses_none_that_it_acknowledged()
    {
        using SmallDisk disk = SmallDisk.Mount(Megabytes);
        string ballast = Path.Combine(disk.Path, "ballast");
        await File.WriteAllBytesAsync(ballast, new byte[BallastMegabytes << 20]);
        using Cluster cluster = await Cluster.StartAsync(1, data: Path.Combine(disk.Path, "data"));
        await cluster.WatchAsync(async _ =>
        {
            NodeProcess node = cluster.Nodes[0];
            await cluster.View.CreateTopicAsync(Topic, partitions: 1, replicas: 1);
            string padding = new('x', 500_000);
            int acknowledged = 0;
            while (acknowledged < Megabytes * 2 && await TryProduceAsync(cluster, $"{acknowledged} {padding}"))
            {
                acknowledged++;
            }

            Assert.InRange(acknowledged, 1, (Megabytes * 2) - 1);

            // The node's only directory holds the metadata log too, so the node stops, and says why and where.
            await Poll.UntilAsync("the node has stopped", () => !node.IsRunning);
            string[] words = node.Log().Split('\n');
            Assert.Contains(
                words,
                line =>
                    line.Contains($"log directory {node.Directory} with the metadata log failed", StringComparison.Ordinal)
                    && line.Contains("make room", StringComparison.Ordinal)
            );
            File.Delete(ballast);
            await node.RestartAsync();
            await cluster.View.UntilInSyncAsync(Topic, partitions: 1, inSync: 1);
            long end = await Poll.ForAsync("the end of the partition", async () => (object?)await cluster.View.EndOffsetAsync(Topic, 0))
                is long offset
                ? offset
                : -1;
            Assert.InRange(end, acknowledged, acknowledged + 1);
            Assert.True(
                await cluster.View.TryProduceAsync(Topic, 0, RawBatches.Of("after")),
                "a record was rejected though there is room again"
            );
            List<StoredBatch> stored = SegmentFiles.Read(node, Topic, 0);
            Assert.Equal(Enumerable.Range(0, (int)end + 1).Select(i => (long)i), stored.Select(batch => batch.BaseOffset));
        });
    }

    /// <summary>True when acknowledged; a node that stops because its only disk failed acknowledges nothing either.</summary>
    private static async Task<bool> TryProduceAsync(Cluster cluster, string value)
    {
        try
        {
            return cluster.Nodes[0].IsRunning && await cluster.View.TryProduceAsync(Topic, 0, RawBatches.Of(value));
        }
        catch (WireException)
        {
            return false;
        }
    }
}
