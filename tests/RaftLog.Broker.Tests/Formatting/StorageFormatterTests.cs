using System.Text;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Formatting;
using RaftLog.Platform;
using RaftLog.Storage;

namespace RaftLog.Broker.Tests.Formatting;

public sealed class StorageFormatterTests
{
    [Fact]
    public void A_directory_that_counts_as_formatted_outlives_a_power_cut_with_all_names_that_lead_to_it()
    {
        CrashDisk disk = new();
        Pump pump = new();
        NodeConfiguration node = ClusterFile
            .Read(
                "cluster.json",
                Encoding.UTF8.GetBytes(
                    """
                    {
                      "defaults": { "process.roles": "broker,controller" },
                      "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093", "log.dirs": "/srv/raftlog/node-1" } ]
                    }
                    """
                )
            )
            .Nodes[0];
        World world = new(new ManualTime(), disk, new InMemoryNetwork(new ManualTime()), new SystemEntropy(), new InMemoryProcess());

        pump.Finish(() => StorageFormatter.FormatAsync(node, "cluster", StorageFormatter.DefaultFeatures, world));
        disk.LosePower(static _ => 0);

        Assert.NotNull(MetaProperties.Read(disk, "/srv/raftlog/node-1"));
    }
}
