using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Tests.Transactions;

/// <summary>How transactional producers get their ids and epochs (KIP-98, KIP-360).</summary>
public sealed class InitProducerIdTests
{
    private readonly Coordinator _coordinator = new();

    [Fact]
    public void A_new_id_gets_a_producer_id_at_epoch_0_and_each_incarnation_the_next_epoch()
    {
        Assert.Equal((ErrorCode.None, 1000, 0), _coordinator.Init());
        Assert.Equal((ErrorCode.None, 1000, 1), _coordinator.Init());
        Assert.Equal(TransactionStatus.Empty, _coordinator.Current.Status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(900_001)]
    public void A_timeout_outside_of_the_bounds_is_an_error(int timeoutMs) =>
        Assert.Equal((ErrorCode.InvalidTransactionTimeout, -1, -1), _coordinator.Init(timeoutMs: timeoutMs));

    [Fact]
    public void An_empty_id_is_an_invalid_request() => Assert.Equal(ErrorCode.InvalidRequest, _coordinator.Init(id: "").Error);

    [Fact]
    public void Without_a_producer_id_at_hand_the_client_asks_again()
    {
        _coordinator.HasProducerIds = false;
        Assert.Equal((ErrorCode.CoordinatorLoadInProgress, -1, -1), _coordinator.Init());
        _coordinator.HasProducerIds = true;
        Assert.Equal(ErrorCode.None, _coordinator.Init().Error);
    }

    [Fact]
    public void A_producer_raises_its_own_epoch_and_a_repeated_request_gets_the_same_response()
    {
        _coordinator.Init();
        Assert.Equal((ErrorCode.None, 1000, 1), _coordinator.Init(1000, 0));
        Assert.Equal((ErrorCode.None, 1000, 1), _coordinator.Init(1000, 0));
        Assert.Equal((ErrorCode.None, 1000, 2), _coordinator.Init(1000, 1));
    }

    [Fact]
    public void A_producer_with_an_older_epoch_or_another_id_is_fenced()
    {
        _coordinator.Init();
        _coordinator.Init();
        Assert.Equal((ErrorCode.ProducerFenced, -1, -1), _coordinator.Init(1000, 0));
        Assert.Equal((ErrorCode.ProducerFenced, -1, -1), _coordinator.Init(999, 1));
    }

    [Fact]
    public void A_fenced_producer_does_not_abort_the_transaction_of_its_successor()
    {
        _coordinator.Init();
        _coordinator.Init();
        _coordinator.Add(1000, 1);
        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.Init(1000, 0).Error);
        Assert.Equal(TransactionStatus.Ongoing, _coordinator.Current.Status);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(2, 2)]
    public void A_new_incarnation_aborts_the_open_transaction_and_raises_the_epoch_once_for_it_and_once_for_itself(
        int version,
        int recorded
    )
    {
        _coordinator.Init();
        _coordinator.Add(1000, 0, version: version);

        Assert.Equal(ErrorCode.ConcurrentTransactions, _coordinator.Init().Error);
        Assert.Equal(TransactionStatus.PrepareAbort, _coordinator.Current.Status);
        TransactionMarkers markers = Assert.Single(_coordinator.Markers);
        Assert.Equal((1, false, (short)recorded), (markers.Epoch.Value, markers.IsCommit, markers.TransactionVersion));
        Assert.Equal(ErrorCode.ConcurrentTransactions, _coordinator.Init().Error);

        _coordinator.WriteMarkers();
        Assert.Equal(TransactionStatus.CompleteAbort, _coordinator.Current.Status);
        Assert.Equal((ErrorCode.None, 1000, 2), _coordinator.Init());
    }

    [Fact]
    public void At_the_last_epoch_another_producer_id_begins_and_the_request_may_be_repeated()
    {
        _coordinator.Init();
        Transaction last = _coordinator.Current with { Epoch = new ProducerEpoch(32766) };
        _coordinator.Plant(last);

        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.Init(1000, 32766));
        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.Init(1000, 32766));
        Assert.Equal((ErrorCode.None, 1001, 1), _coordinator.Init(1001, 0));
        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.Init(1000, 32766).Error);
    }

    /// <summary>KAFKA-20357: 4.3.1 fences the producer here.</summary>
    [Fact]
    public void A_producer_that_got_another_id_repeats_its_request_after_a_failover_too()
    {
        _coordinator.Init();
        _coordinator.Plant(_coordinator.Current with { Epoch = new ProducerEpoch(32766) });
        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.Init(1000, 32766));

        _coordinator.FailOver();
        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.Init(1000, 32766));
    }

    [Fact]
    public void A_producer_whose_id_another_incarnation_replaced_is_fenced_before_and_after_a_failover()
    {
        _coordinator.Init();
        _coordinator.Plant(_coordinator.Current with { Epoch = new ProducerEpoch(32766) });
        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.Init());

        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.Init(1000, 32766).Error);
        _coordinator.FailOver();
        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.Init(1000, 32766).Error);
    }

    /// <summary>KAFKA-19367: 4.0 raised the epoch twice and overflowed. KAFKA-20090: the abort must end with another producer id.</summary>
    [Fact]
    public void A_transaction_in_the_last_epoch_is_aborted_with_epoch_32767_and_another_producer_id_follows()
    {
        _coordinator.Init();
        _coordinator.Plant(_coordinator.Current with { Epoch = new ProducerEpoch(32766) });
        Assert.Equal(ErrorCode.None, _coordinator.Add(1000, 32766));

        Assert.Equal(ErrorCode.ConcurrentTransactions, _coordinator.Init().Error);
        Assert.Equal(short.MaxValue, Assert.Single(_coordinator.Markers).Epoch.Value);
        _coordinator.WriteMarkers();

        Assert.Equal((1001L, (short)0), (_coordinator.Current.Producer.Value, _coordinator.Current.Epoch.Value));
        Assert.Equal((ErrorCode.None, 1001, 1), _coordinator.Init());
    }

    [Fact]
    public void A_V1_transaction_in_the_last_epoch_is_aborted_with_32767_and_the_producer_id_is_replaced()
    {
        _coordinator.Init();
        _coordinator.Plant(_coordinator.Current with { Epoch = new ProducerEpoch(32766) });
        _coordinator.Add(1000, 32766, version: 0);
        _coordinator.Init();
        _coordinator.WriteMarkers();
        Assert.Equal((1000L, (short)32767), (_coordinator.Current.Producer.Value, _coordinator.Current.Epoch.Value));
        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.Init());
    }

    [Fact]
    public void A_transaction_that_somehow_got_to_epoch_32767_can_still_be_aborted()
    {
        _coordinator.Init();
        _coordinator.Add(1000, 0, version: 0);
        _coordinator.Plant(_coordinator.Current with { Epoch = new ProducerEpoch(32767) });
        Assert.Equal(ErrorCode.ConcurrentTransactions, _coordinator.Init().Error);
        _coordinator.WriteMarkers();
        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.Init());
    }

    [Fact]
    public void Beyond_the_bound_no_id_is_added()
    {
        Coordinator small = new(TransactionSettings.Default with { MostIds = 2 });
        Assert.Equal(ErrorCode.None, small.Init(id: "a").Error);
        Assert.Equal(ErrorCode.None, small.Init(id: "b").Error);
        Assert.Equal(ErrorCode.CoordinatorNotAvailable, small.Init(id: "c").Error);
        Assert.Equal(ErrorCode.None, small.Init(id: "a").Error);
    }
}
