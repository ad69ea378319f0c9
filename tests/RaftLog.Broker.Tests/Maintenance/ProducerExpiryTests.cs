using RaftLog.Broker.Configuration;
using RaftLog.Broker.Maintenance;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Tests.Partitions;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Replication;

namespace RaftLog.Broker.Tests.Maintenance;

public sealed class ProducerExpiryTests : IDisposable
{
    private static readonly CleanerSettings NoCleaner = new(false, 0, 0, 0, 1000, 0);

    private readonly TestCluster _cluster = new(1);

    private TestNode A => _cluster.Nodes[0];

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public void A_silent_producer_is_forgotten_by_the_check_after_its_time_and_may_go_on_anywhere()
    {
        _cluster.CreateOrders(0);
        LogMaintenanceSettings settings = new(ProducerExpirationMs: 50, ProducerExpirationCheckMs: 20, RetentionCheckMs: 1000, NoCleaner);
        _cluster.Pump.Start(new ProducerExpiry(() => A.Table.All, () => settings, A.Waiters).RunAsync);
        long now = _cluster.Time.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.Equal(ErrorCode.None, Append(now, 0));

        _cluster.Advance(59);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Append(now, 7));
        _cluster.Advance(2);
        Assert.Equal(ErrorCode.None, Append(now + 61, 7));

        // The time may be changed on the running node.
        settings = settings with
        {
            ProducerExpirationMs = 1000,
        };
        _cluster.Advance(100);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Append(now + 161, 20));
    }

    private ErrorCode Append(long timestamp, int sequence) =>
        A
            .Orders.Append(
                Batches.With(
                    new ProducerStamp(new ProducerId(5), new ProducerEpoch(0), sequence),
                    CompressionTypeNone,
                    false,
                    timestamp,
                    "v"
                ),
                RequiredAcks.Leader,
                new WakeList()
            )
            .Error;

    private const Protocol.Compression.CompressionType CompressionTypeNone = Protocol.Compression.CompressionType.None;
}
