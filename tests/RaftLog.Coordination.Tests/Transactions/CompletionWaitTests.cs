using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Tests.Transactions;

/// <summary>What begins a transaction waits a moment for the one before to be complete.</summary>
public sealed class CompletionWaitTests
{
    private const int WaitMs = 100;

    private readonly Coordinator _coordinator = new(new TransactionSettings { CompletionWaitMs = WaitMs });

    public CompletionWaitTests()
    {
        _coordinator.Init();
        _coordinator.Add(1000, 0);
        _coordinator.End(1000, 0, commit: true);
    }

    [Fact]
    public void Partitions_are_added_as_soon_as_the_markers_are_written()
    {
        Func<ErrorCode?> added = _coordinator.BeginAdd(1000, 1, partition: 3);
        Assert.Null(added());
        _coordinator.WriteMarkers();
        Assert.Null(added());
        Assert.True(_coordinator.NextDeadlineMs < 0, "it is decided again at once");
        _coordinator.Advance(0);
        Assert.Equal(ErrorCode.None, added());
        Assert.Equal([new TopicPartition("orders", 3)], _coordinator.Current.Partitions);
        Assert.True(_coordinator.NextDeadlineMs > 0);
    }

    [Fact]
    public void Offsets_are_added_as_soon_as_the_markers_are_written()
    {
        Func<ErrorCode?> added = _coordinator.BeginAddOffsets(1000, 1);
        Assert.Null(added());
        _coordinator.WriteMarkers();
        _coordinator.Advance(0);
        Assert.Equal(ErrorCode.None, added());
    }

    [Fact]
    public void Several_requests_of_one_id_are_decided_one_after_the_other()
    {
        Func<ErrorCode?> first = _coordinator.BeginAdd(1000, 1, partition: 1);
        Func<ErrorCode?> second = _coordinator.BeginAdd(1000, 1, partition: 2);
        Func<ErrorCode?> fenced = _coordinator.BeginAdd(1000, 0, partition: 3);
        _coordinator.WriteMarkers();
        _coordinator.Advance(0);
        _coordinator.Advance(0);
        _coordinator.Advance(0);
        Assert.Equal([ErrorCode.None, ErrorCode.None, ErrorCode.ProducerFenced], [first(), second(), fenced()]);
        Assert.Equal([1, 2], _coordinator.Current.Partitions.Select(static each => each.Partition));
    }

    [Fact]
    public void A_request_behind_others_that_are_decided_late_is_answered_too()
    {
        Func<ErrorCode?>[] first = [_coordinator.BeginAdd(1000, 1), _coordinator.BeginAdd(1000, 1), _coordinator.BeginAdd(1000, 1)];
        _coordinator.WriteMarkers();
        _coordinator.Advance(0);
        _coordinator.End(1000, 1, commit: true);
        Func<ErrorCode?> last = _coordinator.BeginAdd(1000, 2);
        _coordinator.Advance(WaitMs);
        _coordinator.Advance(WaitMs);
        _coordinator.Advance(WaitMs);
        Assert.All(first.Append(last), static each => Assert.NotNull(each()));
    }

    [Fact]
    public void Requests_of_one_id_that_waited_for_two_transactions_take_no_partition_from_each_other()
    {
        Func<ErrorCode?> now = _coordinator.BeginAdd(1000, 1);
        Func<ErrorCode?> early = _coordinator.BeginAdd(1000, 2, partition: 7);
        _coordinator.WriteMarkers();
        _coordinator.Advance(0);
        _coordinator.End(1000, 1, commit: true);
        Func<ErrorCode?> late = _coordinator.BeginAdd(1000, 2, partition: 5);
        _coordinator.WriteMarkers();
        _coordinator.Advance(0);
        _coordinator.Advance(0);
        Assert.Equal([ErrorCode.None, ErrorCode.None, ErrorCode.None], [now(), early(), late()]);
        Assert.Equal([5, 7], _coordinator.Current.Partitions.Select(static each => each.Partition));
    }

    [Fact]
    public void Whoever_has_waited_for_long_is_told_to_come_back()
    {
        Func<ErrorCode?> early = _coordinator.BeginAdd(1000, 1);
        _coordinator.Advance(WaitMs / 2);
        Func<ErrorCode?> late = _coordinator.BeginAdd(1000, 1);
        _coordinator.Advance((WaitMs / 2) - 1);
        Assert.Null(early());
        _coordinator.Advance(1);
        Assert.Equal(ErrorCode.ConcurrentTransactions, early());
        Assert.Null(late());
        _coordinator.Advance(WaitMs / 2);
        Assert.Equal(ErrorCode.ConcurrentTransactions, late());
        _coordinator.WriteMarkers();
        Assert.Equal(ErrorCode.None, _coordinator.Add(1000, 1));
    }
}
