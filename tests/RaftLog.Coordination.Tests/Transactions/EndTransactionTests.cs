using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;

namespace RaftLog.Coordination.Tests.Transactions;

/// <summary>How transactions are decided, by producers of transactions V1 and V2.</summary>
public sealed class EndTransactionTests
{
    private readonly Coordinator _coordinator = new();

    public EndTransactionTests() => _coordinator.Init();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void V1_keeps_the_epoch_and_a_repeated_decision_is_told_again(bool commit)
    {
        _coordinator.Add(1000, 0, version: 0, partitions: [0, 1]);
        Assert.Equal(ErrorCode.None, _coordinator.End(1000, 0, commit, version: 0).Error);

        TransactionMarkers markers = Assert.Single(_coordinator.Markers);
        Assert.Equal(
            (0, commit, (short)0, 2),
            (markers.Epoch.Value, markers.IsCommit, markers.TransactionVersion, markers.Partitions.Count)
        );
        Assert.Equal(ErrorCode.ConcurrentTransactions, _coordinator.End(1000, 0, commit, version: 0).Error);
        Assert.Equal(ErrorCode.InvalidTxnState, _coordinator.End(1000, 0, !commit, version: 0).Error);

        _coordinator.WriteMarkers();
        Assert.Equal(commit ? TransactionStatus.CompleteCommit : TransactionStatus.CompleteAbort, _coordinator.Current.Status);
        Assert.Equal(ErrorCode.None, _coordinator.End(1000, 0, commit, version: 0).Error);
        Assert.Equal(ErrorCode.InvalidTxnState, _coordinator.End(1000, 0, !commit, version: 0).Error);
        Assert.Equal(ErrorCode.None, _coordinator.Add(1000, 0, version: 0));
    }

    [Fact]
    public void V1_errors_are_those_of_Kafka()
    {
        Assert.Equal(ErrorCode.InvalidRequest, _coordinator.End(1000, 0, true, version: 0, id: "").Error);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, _coordinator.End(1000, 0, true, version: 0, id: "unknown").Error);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, _coordinator.End(1, 0, true, version: 0).Error);
        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.End(1000, 1, true, version: 0).Error);
        Assert.Equal(ErrorCode.InvalidTxnState, _coordinator.End(1000, 0, true, version: 0).Error);
        Assert.Equal(ErrorCode.InvalidTxnState, _coordinator.End(1000, 0, false, version: 0).Error);
    }

    /// <summary>The log of two V2 transactions has markers with epochs 1 and 2, one above the data's.</summary>
    [Fact]
    public void V2_raises_the_epoch_with_each_decision_and_the_markers_carry_it()
    {
        _coordinator.Add(1000, 0);
        Assert.Equal((ErrorCode.None, 1000, 1), _coordinator.End(1000, 0, commit: true));
        Assert.Equal((1, (short)2), (Assert.Single(_coordinator.Markers).Epoch.Value, _coordinator.Markers[0].TransactionVersion));
        _coordinator.WriteMarkers();
        _coordinator.Add(1000, 1);
        Assert.Equal((ErrorCode.None, 1000, 2), _coordinator.End(1000, 1, commit: false));
        Assert.Equal(2, Assert.Single(_coordinator.Markers).Epoch.Value);
    }

    [Fact]
    public void V2_with_nothing_added_commit_is_an_invalid_state_and_abort_raises_the_epoch()
    {
        Assert.Equal((ErrorCode.InvalidTxnState, -1, -1), _coordinator.End(1000, 0, commit: true));
        Assert.Equal((ErrorCode.None, 1000, 1), _coordinator.End(1000, 0, commit: false));
        Assert.Empty(_coordinator.Markers);
        Assert.Equal((TransactionStatus.CompleteAbort, 1), (_coordinator.Current.Status, _coordinator.Current.Epoch.Value));
        Assert.Equal((ErrorCode.None, 1000, 2), _coordinator.End(1000, 1, commit: false));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void V2_repeats_its_response_to_the_epoch_before_and_knows_no_other(bool commit)
    {
        _coordinator.Add(1000, 0);
        _coordinator.End(1000, 0, commit);
        Assert.Equal(ErrorCode.ConcurrentTransactions, _coordinator.End(1000, 0, commit).Error);
        _coordinator.WriteMarkers();

        Assert.Equal((ErrorCode.None, 1000, 1), _coordinator.End(1000, 0, commit));
        Assert.Equal((ErrorCode.InvalidTxnState, -1, -1), _coordinator.End(1000, 0, !commit));
        Assert.Equal(ErrorCode.InvalidTxnState, _coordinator.End(1000, 1, commit: true).Error);
        Assert.Equal((ErrorCode.None, 1000, 2), _coordinator.End(1000, 1, commit: false));
        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.End(1000, 0, commit).Error);
        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.End(1000, 3, commit).Error);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, _coordinator.End(1, 0, commit).Error);
    }

    /// <summary>A late EndTxn must not decide the next transaction of the same producer (KIP-890).</summary>
    [Fact]
    public void V2_a_late_request_does_not_end_the_next_transaction()
    {
        _coordinator.Add(1000, 0);
        _coordinator.End(1000, 0, commit: false);
        _coordinator.WriteMarkers();
        _coordinator.Add(1000, 1);
        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.End(1000, 0, commit: false).Error);
        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.End(1000, 0, commit: true).Error);
        Assert.Equal(TransactionStatus.Ongoing, _coordinator.Current.Status);
    }

    [Fact]
    public void V2_in_the_last_epoch_hands_out_the_next_producer_id_and_repeats_that()
    {
        _coordinator.Plant(_coordinator.Current with { Epoch = new ProducerEpoch(32766) });
        _coordinator.Add(1000, 32766);
        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.End(1000, 32766, commit: true));
        Assert.Equal((1000L, (short)32767), (_coordinator.Current.Producer.Value, Assert.Single(_coordinator.Markers).Epoch.Value));

        _coordinator.FailOver();
        Assert.Equal(32767, Assert.Single(_coordinator.Markers).Epoch.Value);
        _coordinator.WriteMarkers();
        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.End(1000, 32766, commit: true));
        Assert.Equal(ErrorCode.InvalidTxnState, _coordinator.End(1000, 32766, commit: false).Error);
        Assert.Equal(ErrorCode.InvalidTxnState, _coordinator.End(1001, 0, commit: true).Error);
        Assert.Equal(1000, _coordinator.Current.PreviousProducer.Value);
    }

    /// <summary>KAFKA-20090: a late abort in the last epoch, after the timeout has aborted, must end with the next producer id.</summary>
    [Fact]
    public void V2_a_late_abort_after_the_timeout_in_the_last_epoch_gets_the_next_producer_id()
    {
        _coordinator.Plant(_coordinator.Current with { Epoch = new ProducerEpoch(32766) });
        _coordinator.Add(1000, 32766);
        _coordinator.Advance(Coordinator.TimeoutMs + 1);
        Assert.Equal(ErrorCode.ConcurrentTransactions, _coordinator.End(1000, 32766, commit: false).Error);
        _coordinator.WriteMarkers();

        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.End(1000, 32766, commit: false));
        Assert.Equal(ErrorCode.None, _coordinator.Add(1001, 0));
    }

    /// <summary>KAFKA-20785: 4.3.1 answers INVALID_TXN_STATE.</summary>
    [Fact]
    public void V2_a_commit_that_comes_after_the_timeout_is_fenced()
    {
        _coordinator.Add(1000, 0);
        _coordinator.Advance(Coordinator.TimeoutMs + 1);
        _coordinator.WriteMarkers();
        Assert.Equal((ErrorCode.ProducerFenced, -1, -1), _coordinator.End(1000, 0, commit: true));
        Assert.Equal((ErrorCode.None, 1000, 1), _coordinator.End(1000, 0, commit: false));
    }

    [Fact]
    public void Without_a_producer_id_at_hand_the_decision_waits()
    {
        _coordinator.Plant(_coordinator.Current with { Epoch = new ProducerEpoch(32766) });
        _coordinator.Add(1000, 32766);
        _coordinator.HasProducerIds = false;
        Assert.Equal(ErrorCode.CoordinatorLoadInProgress, _coordinator.End(1000, 32766, commit: true).Error);
        Assert.Equal(TransactionStatus.Ongoing, _coordinator.Current.Status);
        _coordinator.Advance(Coordinator.TimeoutMs + 1);
        Assert.Equal(TransactionStatus.Ongoing, _coordinator.Current.Status);
        _coordinator.HasProducerIds = true;
        _coordinator.Advance(_coordinator.Settings.AbortIntervalMs);
        Assert.Equal(TransactionStatus.PrepareAbort, _coordinator.Current.Status);
    }

    [Fact]
    public void Markers_of_another_transaction_complete_nothing()
    {
        _coordinator.Add(1000, 0);
        _coordinator.End(1000, 0, commit: true);
        TransactionMarkers first = _coordinator.Markers[0];
        _coordinator.WriteMarkers();
        _coordinator.Add(1000, 1);
        _coordinator.End(1000, 1, commit: true);
        _coordinator.Confirm(first);
        Assert.Equal(TransactionStatus.PrepareCommit, _coordinator.Current.Status);
    }
}
