using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Tests.Transactions;

/// <summary>How partitions come into transactions, and how brokers verify them (KIP-890).</summary>
public sealed class AddPartitionsTests
{
    private readonly Coordinator _coordinator = new();

    public AddPartitionsTests() => _coordinator.Init();

    [Fact]
    public void The_first_partition_begins_the_transaction_and_others_join_it()
    {
        Assert.Equal(ErrorCode.None, _coordinator.Add(1000, 0, "orders", partitions: [2, 0]));
        long start = _coordinator.Current.StartMs;
        _coordinator.Advance(5);
        Assert.Equal(ErrorCode.None, _coordinator.Add(1000, 0, "audit", partitions: [1]));
        Assert.Equal(ErrorCode.None, _coordinator.AddOffsets(1000, 0, 17));

        Transaction current = _coordinator.Current;
        Assert.Equal((TransactionStatus.Ongoing, start), (current.Status, current.StartMs));
        Assert.Equal(["__consumer_offsets-17", "audit-1", "orders-0", "orders-2"], current.Partitions.Select(each => each.ToString()));
    }

    [Fact]
    public void What_is_in_already_is_not_written_again()
    {
        _coordinator.Add(1000, 0, partitions: [0, 1]);
        int length = _coordinator.Log.Count;
        Assert.Equal(ErrorCode.None, _coordinator.Add(1000, 0, partitions: [1]));
        Assert.Equal(length, _coordinator.Log.Count);
    }

    [Fact]
    public void Errors_are_those_of_Kafka()
    {
        Assert.Equal(ErrorCode.InvalidRequest, _coordinator.Add(1000, 0, id: ""));
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, _coordinator.Add(1000, 0, id: "unknown"));
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, _coordinator.Add(1001, 0));
        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.Add(1000, 1));
        _coordinator.Add(1000, 0);
        _coordinator.End(1000, 0, commit: true);
        Assert.Equal(ErrorCode.ConcurrentTransactions, _coordinator.Add(1000, 1));
        _coordinator.WriteMarkers();
        Assert.Equal(ErrorCode.None, _coordinator.Add(1000, 1));
    }

    [Fact]
    public void Verification_tells_which_partitions_are_in_and_adds_none()
    {
        _coordinator.Add(1000, 0, partitions: [0]);
        Assert.Equal([ErrorCode.None, ErrorCode.TransactionAbortable], _coordinator.Verify(1000, 0, partitions: [0, 1]));
        Assert.Single(_coordinator.Current.Partitions);
        Assert.Equal([ErrorCode.InvalidProducerIdMapping], _coordinator.Verify(1000, 0, id: "unknown"));
        Assert.Equal([ErrorCode.InvalidProducerIdMapping], _coordinator.Verify(7, 0));
        Assert.Equal([ErrorCode.ProducerFenced], _coordinator.Verify(1000, 3));
        _coordinator.End(1000, 0, commit: false, version: 0);
        Assert.Equal([ErrorCode.ConcurrentTransactions], _coordinator.Verify(1000, 0));
        _coordinator.WriteMarkers();
        Assert.Equal([ErrorCode.TransactionAbortable], _coordinator.Verify(1000, 0));
    }

    /// <summary>KAFKA-18660: the producer has its next id before the transaction of the last one is complete.</summary>
    [Fact]
    public void The_producer_id_that_follows_is_told_to_wait_while_the_last_transaction_is_prepared()
    {
        _coordinator.Plant(_coordinator.Current with { Epoch = new ProducerEpoch(32766) });
        _coordinator.Add(1000, 32766);
        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.End(1000, 32766, commit: true));
        Assert.Equal(ErrorCode.ConcurrentTransactions, _coordinator.Add(1001, 0));
        _coordinator.WriteMarkers();
        Assert.Equal(ErrorCode.None, _coordinator.Add(1001, 0));
    }
}
