using System.Text.RegularExpressions;
using RaftLog.Coordination.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Coordination.Tests.Transactions;

/// <summary>Timeouts, expiry, failover and what tools are told.</summary>
public sealed class TransactionLifeTests
{
    private readonly Coordinator _coordinator = new();

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_transaction_that_runs_too_long_is_aborted_and_its_producer_fenced(int version)
    {
        _coordinator.Init();
        _coordinator.Add(1000, 0, version: version);
        _coordinator.Advance(Coordinator.TimeoutMs);
        Assert.Equal(TransactionStatus.Ongoing, _coordinator.Current.Status);
        _coordinator.Advance(_coordinator.Settings.AbortIntervalMs);

        Assert.Equal((TransactionStatus.PrepareAbort, 1), (_coordinator.Current.Status, _coordinator.Current.Epoch.Value));
        _coordinator.WriteMarkers();
        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.Add(1000, 0, version: version));
        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.End(1000, 0, commit: true, version).Error);
    }

    /// <summary>KIP-588: an application goes on after its transaction ran too long, unless another one has taken its id.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_producer_whose_transaction_ran_too_long_goes_on_with_the_next_epoch(int version)
    {
        TimeOut(epoch: 0, version);
        Assert.Equal((ErrorCode.None, 1000, 1), _coordinator.Init(1000, 0));
        Assert.Equal((ErrorCode.None, 1000, 1), _coordinator.Init(1000, 0));
        Assert.Equal(ErrorCode.None, _coordinator.Add(1000, 1, version: version));
    }

    [Fact]
    public void A_producer_whose_transaction_ran_too_long_is_fenced_by_the_next_incarnation()
    {
        TimeOut(epoch: 0, version: 0);
        Assert.Equal((ErrorCode.None, 1000, 2), _coordinator.Init());
        Assert.Equal(ErrorCode.ProducerFenced, _coordinator.Init(1000, 0).Error);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_producer_whose_transaction_ran_too_long_in_the_last_epoch_goes_on_with_another_producer_id(int version)
    {
        TimeOut(epoch: 32766, version);
        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.Init(1000, 32766));
        Assert.Equal((ErrorCode.None, 1001, 0), _coordinator.Init(1000, 32766));
    }

    private void TimeOut(short epoch, int version)
    {
        _coordinator.Init();
        _coordinator.Plant(_coordinator.Current with { Epoch = new ProducerEpoch(epoch) });
        _coordinator.Add(1000, epoch, version: version);
        _coordinator.Advance(Coordinator.TimeoutMs + 1);
        _coordinator.WriteMarkers();
        Assert.Equal(TransactionStatus.CompleteAbort, _coordinator.Current.Status);
    }

    [Fact]
    public void Time_asks_for_nothing_while_no_transaction_is_open_but_for_expiry()
    {
        Assert.Equal(long.MaxValue, _coordinator.NextDeadlineMs);
        _coordinator.Init();
        long expiry = _coordinator.NextDeadlineMs;
        _coordinator.Add(1000, 0);
        Assert.True(_coordinator.NextDeadlineMs < expiry);
        _coordinator.End(1000, 0, commit: true);
        Assert.Equal(expiry, _coordinator.NextDeadlineMs);
    }

    [Fact]
    public void An_id_expires_when_it_was_idle_long_enough_and_not_while_a_transaction_is_open_or_prepared()
    {
        _coordinator.Init();
        _coordinator.Init(id: "open", timeoutMs: 900_000);
        Coordinator patient = new(
            TransactionSettings.Default with
            {
                IdExpirationMs = 1000,
                ExpiryIntervalMs = 500,
                AbortIntervalMs = int.MaxValue,
            }
        );
        patient.Init(id: "idle");
        patient.Init(id: "open");
        patient.Init(id: "prepared");
        patient.Add(1001, 0, id: "open");
        patient.Add(1002, 0, id: "prepared");
        patient.End(1002, 0, commit: true, id: "prepared");
        patient.Advance(999);
        Assert.Equal(3, patient.All.Count);
        patient.Advance(1000);
        Assert.Equal(["open", "prepared"], patient.All.Keys);
        patient.WriteMarkers();
        patient.Advance(1000);
        Assert.Equal(["open"], patient.All.Keys);
        Assert.Equal(ErrorCode.InvalidProducerIdMapping, patient.Add(1000, 0, id: "idle"));
    }

    [Fact]
    public void After_a_failover_the_markers_of_decided_transactions_are_asked_for_again()
    {
        _coordinator.Init();
        _coordinator.Add(1000, 0, partitions: [0, 1]);
        _coordinator.End(1000, 0, commit: true);
        TransactionMarkers before = Assert.Single(_coordinator.Markers);
        _coordinator.FailOver();
        TransactionMarkers after = Assert.Single(_coordinator.Markers);
        Assert.Equal(before with { Partitions = after.Partitions }, after);
        Assert.Equal(before.Partitions, after.Partitions);
        _coordinator.WriteMarkers();
        Assert.Equal(TransactionStatus.CompleteCommit, _coordinator.Current.Status);
        Assert.Equal((ErrorCode.None, 1000, 1), _coordinator.End(1000, 0, commit: true));
    }

    [Fact]
    public void After_a_failover_an_open_transaction_goes_on_and_its_timeout_still_counts_from_its_start()
    {
        _coordinator.Init();
        _coordinator.Add(1000, 0);
        _coordinator.Advance(30_000);
        _coordinator.FailOver();
        Assert.Equal(ErrorCode.None, _coordinator.Add(1000, 0, partitions: [7]));
        _coordinator.Advance(30_001);
        Assert.Equal(TransactionStatus.PrepareAbort, _coordinator.Current.Status);
    }

    /// <summary>A transaction that was begun in the future would stay open until then, and hold up its partitions' readers.</summary>
    [Fact]
    public void A_clock_that_goes_back_keeps_no_transaction_open()
    {
        _coordinator.Init();
        _coordinator.Add(1000, 0);
        _coordinator.SetClockBack(500_000);
        _coordinator.Advance(_coordinator.Settings.AbortIntervalMs);
        _coordinator.Advance(Coordinator.TimeoutMs);
        Assert.Equal(TransactionStatus.Ongoing, _coordinator.Current.Status);
        _coordinator.Advance(_coordinator.Settings.AbortIntervalMs);
        Assert.Equal(TransactionStatus.PrepareAbort, _coordinator.Current.Status);
    }

    /// <summary>The same producer's next transaction has its own time, though nobody has looked in between.</summary>
    [Fact]
    public void A_transaction_does_not_inherit_the_time_of_the_one_before()
    {
        _coordinator.Init();
        _coordinator.Add(1000, 0, version: 0);
        _coordinator.Advance(_coordinator.Settings.AbortIntervalMs);
        _coordinator.Advance(Coordinator.TimeoutMs - _coordinator.Settings.AbortIntervalMs);
        _coordinator.End(1000, 0, commit: true, version: 0);
        _coordinator.WriteMarkers();
        _coordinator.Add(1000, 0, version: 0);
        _coordinator.Advance(_coordinator.Settings.AbortIntervalMs);
        Assert.Equal(TransactionStatus.Ongoing, _coordinator.Current.Status);
    }

    [Fact]
    public void Tools_are_told_what_is_there()
    {
        _coordinator.Init();
        _coordinator.Add(1000, 0, "orders", partitions: [1, 0]);
        DescribeTransactionsResponse.DescribedTransaction described = _coordinator.Describe();
        Assert.Equal(
            ("Ongoing", 1000L, 0, Coordinator.TimeoutMs),
            (described.TransactionState, described.ProducerId.Value, (int)described.ProducerEpoch.Value, described.TransactionTimeoutMs)
        );
        Assert.Equal(("orders", 2), (described.Topics.Single().Topic, described.Topics[0].Partitions.Count));
        Assert.Equal(ErrorCode.TransactionalIdNotFound, _coordinator.Describe("unknown").ErrorCode);
    }

    [Fact]
    public void Lists_are_filtered_by_state_producer_duration_and_pattern()
    {
        _coordinator.Init(id: "alpha");
        _coordinator.Init(id: "beta");
        _coordinator.Add(1001, 0, id: "beta");
        _coordinator.Advance(100);
        TransactionFilter all = new(new HashSet<TransactionStatus>(), new HashSet<ProducerId>(), -1, null);
        Assert.Equal(["alpha", "beta"], _coordinator.List(all));
        Assert.Equal(["beta"], _coordinator.List(all with { Statuses = new HashSet<TransactionStatus> { TransactionStatus.Ongoing } }));
        Assert.Equal(["alpha"], _coordinator.List(all with { Producers = new HashSet<ProducerId> { new(1000) } }));
        Assert.Equal(
            [],
            _coordinator.List(
                all with
                {
                    Producers = new HashSet<ProducerId> { new(1001) },
                    LongerThanMs = 100,
                }
            )
        );
        Assert.Equal(
            ["beta"],
            _coordinator.List(
                all with
                {
                    Producers = new HashSet<ProducerId> { new(1001) },
                    LongerThanMs = 99,
                }
            )
        );
        Assert.Equal(["beta"], _coordinator.List(all with { Pattern = new Regex("^b", RegexOptions.NonBacktracking) }));
    }

    [Fact]
    public void Keys_of_other_versions_are_passed_over_and_an_unknown_value_is_an_error()
    {
        TransactionCoordinatorState state = new(TransactionSettings.Default, _coordinator);
        RecordOrigin origin = new(Offset.Zero, ProducerStamp.None);
        state.Replay(new CoordinatorRecord(new byte[] { 0, 9, 1, 2 }, new byte[] { 0, 0 }), origin);
        state.Replay(new CoordinatorRecord(new byte[] { 1 }, null), origin);
        Assert.Empty(state.Transactions);
        CoordinatorRecord known = TransactionRecords.Of("x", new Transaction(), 2);
        Assert.Throws<ProtocolException>(() => state.Replay(known with { Value = new byte[] { 0, 7, 0 } }, origin));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    public void Values_are_written_in_the_version_of_the_feature_level(short level, short version)
    {
        CoordinatorRecord record = TransactionRecords.Of("x", new Transaction(), level);
        Assert.Equal(version, record.Value!.Value.Span[1]);
    }
}
