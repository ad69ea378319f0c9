using System.Text;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Maintenance;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Runtime;
using RaftLog.Broker.Tests.Partitions;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Tests.Maintenance;

public sealed class RetentionCheckTests : IDisposable
{
    private const string LogPath = "/data/node.log";

    private static readonly CleanerSettings NoCleaner = new(false, 0, 0, 0, 1000, 0);

    private readonly TestCluster _cluster = new(2);

    private TestNode A => _cluster.Nodes[0];

    private TestNode B => _cluster.Nodes[1];

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void Leader_and_follower_remove_what_is_too_old_and_tell_the_new_start()
    {
        Begin(new RetentionLimits(50, -1));
        Assert.Equal(ErrorCode.None, Append(0));
        _cluster.Advance(45);
        Assert.Equal((Offset.Zero, Offset.Zero), (A.Orders.Log.StartOffset, B.Orders.Log.StartOffset));
        _cluster.Advance(600);
        Assert.Equal((new Offset(1), new Offset(1)), (A.Orders.Log.StartOffset, B.Orders.Log.StartOffset));
        Assert.Contains("retention removed 1 segments", NodeLog(), StringComparison.Ordinal);
        Assert.Equal(ErrorCode.None, Append(0));
        _cluster.Advance(5);
        Assert.Equal(["v"], Batches.Values(B.Orders.Log));
    }

    [Fact]
    public void What_is_not_committed_stays_however_old()
    {
        Begin(new RetentionLimits(50, -1));
        B.Disk.HeldFlush = new TaskCompletionSource();
        Assert.Equal(ErrorCode.None, Append(0));
        _cluster.Advance(500);
        Assert.Equal(Offset.Zero, A.Orders.Log.StartOffset);
        TaskCompletionSource held = B.Disk.HeldFlush;
        B.Disk.HeldFlush = null;
        held.SetResult();
        _cluster.Advance(200);
        Assert.Equal(new Offset(1), A.Orders.Log.StartOffset);
    }

    [Fact]
    public void A_date_in_the_future_is_said_once()
    {
        Begin(new RetentionLimits(50, -1));
        Assert.Equal(ErrorCode.None, Append(1_000_000));
        _cluster.Advance(500);
        Assert.Equal(Offset.Zero, A.Orders.Log.StartOffset);
        Assert.Equal(2, NodeLog().Split("in the future").Length);
    }

    private void Begin(RetentionLimits limits)
    {
        _cluster.Retention = limits;
        _cluster.CreateOrders(0, 1);
        _cluster.Advance(5);
        LogMaintenanceSettings settings = new(ProducerExpirationMs: 1000, ProducerExpirationCheckMs: 1000, RetentionCheckMs: 20, NoCleaner);
        foreach (TestNode node in _cluster.Nodes)
        {
            NodeLog nodeLog = new(node.Disk, _cluster.Time, LogPath);
            _cluster.Pump.Start(new RetentionCheck(() => node.Table.All, () => settings, node.Waiters, nodeLog).RunAsync);
        }
    }

    private string NodeLog() => A.Disk.FileExists(LogPath) ? Encoding.UTF8.GetString(A.Disk.BytesOf(LogPath)) : "";

    private ErrorCode Append(long ahead)
    {
        long now = _cluster.Time.GetUtcNow().ToUnixTimeMilliseconds();
        WakeList wakes = new();
        ErrorCode error = A
            .Orders.Append(Batches.With(ProducerStamp.None, CompressionType.None, false, now + ahead, "v"), RequiredAcks.Leader, wakes)
            .Error;
        _cluster.Pump.Start(() =>
        {
            wakes.WakeAll();
            return 0;
        });
        return error;
    }
}
