using RaftLog.Broker.Quorum;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Tests.Quorum;

/// <summary>What a node keeps of the quorum on its disk.</summary>
public sealed class MetadataStoreTests
{
    private const string Root = "/data";

    private static readonly MetadataStoreOptions Options = new(
        SegmentBytes: 1 << 20,
        SegmentMs: 1 << 30,
        BytesBetweenSnapshots: 1 << 20,
        SnapshotIntervalMs: 1_000,
        RetentionBytes: 1 << 20
    );

    /// <summary>A quorum that has nothing to do writes nothing, however much time goes by.</summary>
    [Fact]
    public void A_snapshot_is_due_when_there_is_something_new_and_enough_time_has_passed()
    {
        MetadataProvenance taken = new(new Offset(4), new LeaderEpoch(2));
        MetadataProvenance later = taken with { LastOffset = new Offset(5) };
        Pump pump = new();
        CrashDisk disk = new();
        pump.Finish(() => new MetaProperties("cluster", new NodeId(1), new Uuid(1, 2)).WriteAsync(disk, Root));
        LogDirectory directory = pump.Finish(() => LogDirectory.OpenAsync(disk, new ManualTime(), Root));
        pump.Start(directory.RunAsync);
        MetadataStore store = pump.Finish(() => MetadataStore.OpenAsync(directory, disk, [new NodeId(1)], Options, static _ => { }));

        Assert.True(store.IsSnapshotDue(taken, inTransaction: false, nowMs: 10_000));
        Assert.False(store.IsSnapshotDue(taken, inTransaction: true, nowMs: 10_000));
        store.SnapshotStarted();
        Assert.False(store.IsSnapshotDue(later, inTransaction: false, nowMs: 20_000));
        pump.Finish(() => store.WriteSnapshotAsync(MetadataImage.Empty with { Provenance = taken }, timestampMs: 0));
        store.SnapshotEnded(nowMs: 10_000);

        Assert.False(store.IsSnapshotDue(taken, inTransaction: false, nowMs: 1_000_000));
        Assert.False(store.IsSnapshotDue(later, inTransaction: false, nowMs: 10_999));
        Assert.True(store.IsSnapshotDue(later, inTransaction: false, nowMs: 11_000));
    }
}
