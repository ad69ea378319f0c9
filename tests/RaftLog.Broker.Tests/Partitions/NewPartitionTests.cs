using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Replication;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>Partitions whose logs are being made, while metadata goes on.</summary>
public sealed class NewPartitionTests : IDisposable
{
    private static readonly Uuid ShipmentsId = new(8, 8);
    private static readonly TopicPartition Shipments = new("shipments", 0);

    private readonly TestCluster _cluster = new(2);

    private TestNode A => _cluster.Nodes[0];

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void A_partition_is_held_when_its_names_are_on_the_disk_and_not_before()
    {
        HoldFlushes();
        Task done = CreateShipments();
        Assert.Null(A.Table.Find(Shipments));
        Assert.False(done.IsCompleted);

        LetFlushesGo();
        Assert.NotNull(A.Table.Find(Shipments));
        Assert.True(done.IsCompletedSuccessfully);

        // Its first append may count at once: no power cut takes directory and topic id any more.
        A.LosePower();
        Assert.Equal(["partition.metadata"], A.Disk.ListFiles("/data/shipments-0").Where(name => name == "partition.metadata"));
        A.Restart();
        Assert.Equal(ShipmentsId, A.Directory.Find(Shipments)!.TopicId);
    }

    [Fact]
    public void Other_partitions_hear_of_changes_meanwhile()
    {
        _cluster.CreateOrders(0, 1);
        HoldFlushes();
        CreateShipments();
        _cluster.Elect(1, 0, 1);
        Task later = Apply();
        Assert.IsType<PartitionFollowerRole>(A.Orders.Role);
        Assert.Null(A.Table.Find(Shipments));
        Assert.True(later.IsCompleted);
        LetFlushesGo();
    }

    [Fact]
    public void What_metadata_said_meanwhile_counts_when_the_log_is_there()
    {
        HoldFlushes();
        CreateShipments();
        _cluster.Commit(
            new PartitionChangeRecord
            {
                TopicId = ShipmentsId,
                PartitionId = 0,
                Leader = new NodeId(1),
            }
        );
        Apply();
        LetFlushesGo();
        Assert.Equal((new NodeId(1), new LeaderEpoch(1)), A.Table.Find(Shipments)!.Leadership);
    }

    [Fact]
    public void A_topic_that_is_deleted_before_its_log_is_there_leaves_nothing()
    {
        HoldFlushes();
        CreateShipments();
        _cluster.Commit(new RemoveTopicRecord { TopicId = ShipmentsId });
        Apply();
        LetFlushesGo();
        Assert.Empty(A.Table.All);
        Assert.DoesNotContain(A.Disk.ListDirectories("/data"), name => name.StartsWith("shipments", StringComparison.Ordinal));
    }

    [Fact]
    public void A_namesake_that_comes_before_the_log_is_there_gets_a_log_of_its_own()
    {
        HoldFlushes();
        CreateShipments();
        _cluster.Commit(new RemoveTopicRecord { TopicId = ShipmentsId });
        _cluster.Create("shipments", new Uuid(8, 9), 1, 0, 1);
        Task done = Apply();
        Assert.False(done.IsCompleted);
        LetFlushesGo();
        Assert.True(done.IsCompletedSuccessfully);
        Assert.Equal(new Uuid(8, 9), A.Table.Find(Shipments)!.Log.TopicId);
        Assert.Single(A.Table.All);
    }

    [Fact]
    public void A_thousand_partitions_are_flushed_together()
    {
        int before = A.Disk.Flushes.Count(path => path == "/data");
        _cluster.Create("many", new Uuid(9, 9), 1_000, 0, 1);
        _cluster.TellAll();
        Assert.Equal(1_000, A.Table.All.Count);
        Assert.InRange(A.Disk.Flushes.Count(path => path == "/data") - before, 1, 10);
    }

    private Task CreateShipments()
    {
        _cluster.Create("shipments", ShipmentsId, 1, 0, 1);
        return Apply();
    }

    private Task Apply() => _cluster.Pump.Start(() => A.Apply(_cluster.Image));

    private void HoldFlushes() => A.Disk.HeldFlush = new TaskCompletionSource();

    private void LetFlushesGo()
    {
        TaskCompletionSource held = A.Disk.HeldFlush!;
        A.Disk.HeldFlush = null;
        held.SetResult();
        _cluster.Pump.Drain();
    }
}
