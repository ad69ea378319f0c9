using System.Buffers.Binary;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

public class ProducerStatesTests
{
    private static readonly ProducerId Id = new(44);

    [Fact]
    public void Each_of_the_last_five_batches_is_a_duplicate_with_its_old_offsets_and_time()
    {
        PartitionLog log = new Node().Run().Create();
        for (int i = 0; i < 6; i++)
        {
            Assert.True(Send(log, 0, 2 * i, "a", "b").IsAccepted);
        }

        for (int i = 1; i < 6; i++)
        {
            AppendResult again = Send(log, 0, 2 * i, "a", "b");
            Assert.Equal(
                (ErrorCode.None, true, new Offset(2 * i), new Offset((2 * i) + 1), Now + 1),
                (again.Error, again.IsDuplicate, again.BaseOffset, again.LastOffset, again.AppendTimeMs)
            );
        }

        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Send(log, 0, 0, "a", "b").Error);
        Assert.Equal(new Offset(12), log.EndOffset);
    }

    [Fact]
    public void Gaps_and_overlaps_are_out_of_order()
    {
        PartitionLog log = new Node().Run().Create();
        Send(log, 0, 0, "a", "b", "c");
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Send(log, 0, 4, "x").Error);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Send(log, 0, 2, "x", "y").Error);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Send(log, 0, 0, "a", "b").Error);
        Assert.True(Send(log, 0, 3, "d").IsAccepted);
    }

    [Fact]
    public void An_unknown_producer_may_start_anywhere_but_a_new_epoch_starts_at_zero()
    {
        PartitionLog log = new Node().Run().Create();
        Assert.True(Send(log, 3, 17, "a").IsAccepted);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Send(log, 4, 18, "b").Error);
        Assert.True(Send(log, 4, 0, "b").IsAccepted);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Send(log, 3, 18, "c").Error);
    }

    [Fact]
    public void Sequences_wrap_to_zero_between_and_inside_batches()
    {
        PartitionLog log = new Node().Run().Create();
        Assert.True(Send(log, 0, int.MaxValue - 1, "a", "b").IsAccepted);
        Assert.True(Send(log, 0, 0, "c").IsAccepted);

        PartitionLog inside = new Node().Run().Create();
        Assert.True(Send(inside, 0, int.MaxValue - 1, "a", "b", "c").IsAccepted);
        Assert.True(Send(inside, 0, int.MaxValue - 1, "a", "b", "c").IsDuplicate);
        Assert.True(Send(inside, 0, 1, "d").IsAccepted);
    }

    [Fact]
    public void A_follower_keeps_producers_and_answers_a_retry_after_it_became_leader()
    {
        PartitionLog log = new Node().Run().Create();
        log.AppendAsFollower(At(0, 1, With(new ProducerStamp(Id, new(0), 0), "a")), new LeaderEpoch(1), Now);
        AppendResult retry = log.AppendAsLeader(
            With(new ProducerStamp(Id, new(0), 0), "a"),
            new LeaderEpoch(2),
            AppendSettings.Default,
            Now
        );
        Assert.Equal((true, new Offset(0)), (retry.IsDuplicate, retry.BaseOffset));
    }

    [Fact]
    public void Producers_survive_clean_stop_and_power_loss()
    {
        var node = new Node();
        PartitionLog log = node.Run().Create();
        for (int i = 0; i < 40; i++)
        {
            Send(log, 0, i, $"value {i}");
        }

        node.Flush();
        node = node.Restart();
        log = node.Open();
        Assert.True(Send(log, 0, 39, "value 39").IsDuplicate);
        Send(log, 0, 40, "value 40");
        node.Flush();
        Assert.True(Send(node.LosePower(_ => 0).Open(), 0, 40, "value 40").IsDuplicate);
    }

    [Fact]
    public void A_batch_outside_of_an_open_transaction_is_rejected()
    {
        PartitionLog log = new Node().Run().Create();
        log.AppendAsLeader(Transactional(new ProducerStamp(Id, new(0), 0), "a"), new LeaderEpoch(0), AppendSettings.Default, Now);
        Assert.Equal(ErrorCode.InvalidTxnState, Send(log, 0, 1, "b").Error);
    }

    [Fact]
    public void The_last_stable_offset_waits_for_the_marker_to_be_committed()
    {
        PartitionLog log = new Node().Run().Create();
        var stamp = new ProducerStamp(Id, new(0), 0);
        log.AppendAsLeader(Of("before"), new LeaderEpoch(0), AppendSettings.Default, Now);
        log.AppendAsLeader(Transactional(stamp, "a"), new LeaderEpoch(0), AppendSettings.Default, Now);
        log.SetHighWatermark(new Offset(2));
        Assert.Equal(new Offset(1), log.LastStableOffset);

        log.AppendBuilt(Marker(ControlRecordType.Abort, stamp, 3), new LeaderEpoch(0), Now);
        Assert.Equal(new Offset(1), log.LastStableOffset);
        log.SetHighWatermark(new Offset(3));
        Assert.Equal(new Offset(3), log.LastStableOffset);
        Assert.Equal([new AbortedTransaction(Id, new(1), new(2), new(3))], log.AbortedTransactions(Offset.Zero, new Offset(3)));
    }

    [Fact]
    public void Markers_of_an_older_producer_or_coordinator_epoch_are_rejected()
    {
        PartitionLog log = new Node().Run().Create();
        var stamp = new ProducerStamp(Id, new(5), 0);
        log.AppendAsLeader(Transactional(stamp, "a"), new LeaderEpoch(0), AppendSettings.Default, Now);
        Assert.True(log.AppendBuilt(Marker(ControlRecordType.Commit, stamp, 8), new LeaderEpoch(0), Now).IsAccepted);
        Assert.Equal(
            ErrorCode.TransactionCoordinatorFenced,
            log.AppendBuilt(Marker(ControlRecordType.Commit, stamp, 7), new LeaderEpoch(0), Now).Error
        );
        Assert.Equal(
            ErrorCode.InvalidProducerEpoch,
            log.AppendBuilt(Marker(ControlRecordType.Commit, stamp with { Epoch = new(4) }, 9), new LeaderEpoch(0), Now).Error
        );
    }

    /// <summary>
    /// KIP-1228: the epoch of a V2 transaction is raised before its markers, so one of the same epoch belongs to an earlier transaction.
    /// </summary>
    [Fact]
    public void A_V2_marker_must_be_above_the_epoch_of_the_transaction_that_it_ends()
    {
        PartitionLog log = new Node().Run().Create();
        var stamp = new ProducerStamp(Id, new(5), 0);
        log.AppendAsLeader(Transactional(stamp, "a"), new LeaderEpoch(0), AppendSettings.Default, Now);
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Mark(log, stamp, version: 2).Error);
        Assert.True(log.Producers.Find(Id)!.IsInTransaction);
        Assert.True(Mark(log, stamp with { Epoch = new(6) }, version: 2).IsAccepted);
        Assert.False(log.Producers.Find(Id)!.IsInTransaction);
    }

    /// <summary>KAFKA-19999: a coordinator that repeats a marker after a failover must not be rejected for ever.</summary>
    [Fact]
    public void A_repeated_V2_marker_is_accepted_and_not_written_again()
    {
        PartitionLog log = new Node().Run().Create();
        var stamp = new ProducerStamp(Id, new(5), 0);
        log.AppendAsLeader(Transactional(stamp, "a"), new LeaderEpoch(0), AppendSettings.Default, Now);
        Mark(log, stamp with { Epoch = new(6) }, version: 2);
        Offset end = log.EndOffset;

        AppendResult repeated = Mark(log, stamp with { Epoch = new(6) }, version: 2, coordinatorEpoch: 4);
        Assert.Equal(
            (ErrorCode.None, true, end - 1, end - 1),
            (repeated.Error, repeated.IsDuplicate, repeated.BaseOffset, repeated.LastOffset)
        );
        Assert.Equal(end, log.EndOffset);
    }

    [Fact]
    public void A_V1_marker_has_the_epoch_of_the_transaction_and_so_has_any_marker_of_the_last_epoch()
    {
        PartitionLog log = new Node().Run().Create();
        var stamp = new ProducerStamp(Id, new(5), 0);
        log.AppendAsLeader(Transactional(stamp, "a"), new LeaderEpoch(0), AppendSettings.Default, Now);
        Assert.True(Mark(log, stamp, version: 0).IsAccepted);

        var last = new ProducerStamp(new ProducerId(46), new(short.MaxValue), 0);
        log.AppendAsLeader(Transactional(last, "b"), new LeaderEpoch(0), AppendSettings.Default, Now);
        Assert.True(Mark(log, last, version: 2).IsAccepted);
        Assert.False(log.Producers.Find(last.Id)!.IsInTransaction);
    }

    [Fact]
    public void A_marker_of_an_older_coordinator_is_fenced()
    {
        PartitionLog log = new Node().Run().Create();
        var stamp = new ProducerStamp(Id, new(5), 0);
        Assert.True(Mark(log, stamp, version: 2, coordinatorEpoch: 4).IsAccepted);
        Assert.Equal(
            ErrorCode.TransactionCoordinatorFenced,
            Mark(log, stamp with { Epoch = new(6) }, version: 2, coordinatorEpoch: 3).Error
        );
        Assert.Equal(ErrorCode.InvalidProducerEpoch, Mark(log, stamp with { Epoch = new(4) }, version: 2, coordinatorEpoch: 4).Error);
    }

    [Fact]
    public void Silent_producers_expire_and_those_in_a_transaction_do_not()
    {
        PartitionLog log = new Node().Run().Create();
        Send(log, 0, 5, "a");
        log.AppendAsLeader(Transactional(new ProducerStamp(new(45), new(0), 0), "b"), new LeaderEpoch(0), AppendSettings.Default, Now);
        log.Producers.Expire(Now + 1_000_000, 1000);
        Assert.Equal([new ProducerId(45)], log.Producers.Producers.Select(producer => producer.Id));
    }

    [Fact]
    public void A_forgotten_producer_may_go_on_at_any_sequence()
    {
        PartitionLog log = new Node().Run().Create();
        Send(log, 0, 0, "a");
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Send(log, 0, 9, "b").Error);
        log.Producers.Expire(Now + 1000, 1001);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, Send(log, 0, 9, "b").Error);
        log.Producers.Expire(Now + 1000, 1000);
        Assert.True(Send(log, 0, 9, "b").IsAccepted);
    }

    /// <summary>Beyond the bound each new producer costs one look, not a scan: with a scan this test does not end in minutes.</summary>
    [Fact]
    public void At_the_bound_the_producers_that_were_silent_longest_are_forgotten_and_open_transactions_kept()
    {
        const int Extra = 50_000;
        PartitionLog log = new Node().Run().Create(LogSettings.Default with { FlushIntervalMessages = long.MaxValue });
        log.AppendAsLeader(Transactional(new ProducerStamp(new(1), new(0), 0), "open"), new LeaderEpoch(0), AppendSettings.Default, Now);
        for (int id = 2; id < ProducerStates.MostProducers + Extra; id++)
        {
            Write(log, id, 0);
            if (id == ProducerStates.MostProducers - 1)
            {
                Write(log, 2, 1);
            }
        }

        IReadOnlyList<ProducerState> kept = log.Producers.Producers;
        Assert.Equal(ProducerStates.MostProducers, kept.Count);
        Assert.Equal([1L, 2L], kept.Take(2).Select(state => state.Id.Value));
        Assert.Equal(ProducerStates.MostProducers + Extra - 1, kept[^1].Id.Value);
        Assert.Equal(
            Enumerable.Range(Extra + 2, ProducerStates.MostProducers - 2).Select(id => (long)id),
            kept.Skip(2).Select(state => state.Id.Value)
        );

        static void Write(PartitionLog log, int id, int sequence) =>
            Assert.True(
                log.AppendAsLeader(
                    With(new ProducerStamp(new(id), new(0), sequence), "v"),
                    new LeaderEpoch(0),
                    AppendSettings.Default,
                    Now
                ).IsAccepted
            );
    }

    [Fact]
    public void What_open_transactions_kept_beyond_the_bound_is_forgotten_once_they_have_ended()
    {
        const int Extra = 30;
        PartitionLog log = new Node().Run().Create(LogSettings.Default with { FlushIntervalMessages = long.MaxValue });
        for (int id = 0; id < ProducerStates.MostProducers + Extra; id++)
        {
            log.AppendAsLeader(
                Transactional(new ProducerStamp(new(id), new(0), 0), "open"),
                new LeaderEpoch(0),
                AppendSettings.Default,
                Now
            );
        }

        Assert.Equal(ProducerStates.MostProducers + Extra, log.Producers.Count);
        for (int id = 0; id < 2 * Extra; id++)
        {
            Assert.Equal(ErrorCode.None, Mark(log, new ProducerStamp(new(id), new(0), 0), version: 1).Error);
        }

        log.AppendAsLeader(With(new ProducerStamp(new(1 << 20), new(0), 0), "v"), new LeaderEpoch(0), AppendSettings.Default, Now);
        Assert.Equal(ProducerStates.MostProducers, log.Producers.Count);
        Assert.Null(log.Producers.Find(new(Extra)));
        Assert.NotNull(log.Producers.Find(new(Extra + 1)));
    }

    [Fact]
    public void Snapshots_have_the_bytes_of_Kafkas_class()
    {
        foreach (JsonElement line in Golden.Lines("ProducerSnapshot.jsonl"))
        {
            byte[] golden = [0, 1, .. Convert.FromHexString(line.GetProperty("hex").GetString()!)];
            BinaryPrimitives.WriteUInt32BigEndian(golden.AsSpan(2), Crc32C.Compute(golden.AsSpan(6)));
            IReadOnlyList<ProducerState> parsed = ProducerSnapshot.Parse(golden)!;
            Assert.Equal(golden, ProducerSnapshot.Format(parsed));
            Assert.Equal(
                line.GetProperty("json")
                    .GetProperty("producerEntries")
                    .EnumerateArray()
                    .Select(entry =>
                        (
                            entry.GetProperty("producerId").GetInt64(),
                            entry.GetProperty("lastSequence").GetInt32(),
                            entry.GetProperty("currentTxnFirstOffset").GetInt64()
                        )
                    ),
                parsed.Select(state => (state.Id.Value, state.LastSequence, state.TransactionStart.Value))
            );
        }
    }

    [Fact]
    public void A_damaged_snapshot_is_noticed()
    {
        byte[] bytes = ProducerSnapshot.Format([new ProducerState(Id)]);
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] damaged = [.. bytes];
            damaged[i] ^= 0x10;
            Assert.Null(ProducerSnapshot.Parse(damaged));
            Assert.Null(ProducerSnapshot.Parse(bytes.AsSpan(0, i)));
        }
    }

    /// <summary>
    /// Judged against the rule itself: accepted when next in sequence, a duplicate when equal to one of the last five, else rejected.
    /// </summary>
    [Property]
    public Property Any_order_of_batches_is_judged_as_the_rule_says() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<(byte Jump, byte Count)[]>(),
            batches =>
            {
                PartitionLog log = new Node().Run().Create(LogSettings.Default);
                List<(int First, int Last)> appended = [];
                int next = int.MaxValue - 6;
                foreach ((byte jump, byte count) in batches)
                {
                    int records = 1 + (count % 3);
                    int first = Wrap(next - 4L + (jump % 7));
                    int last = Wrap(first + records - 1L);
                    AppendResult result = Send(log, 0, first, [.. Enumerable.Repeat("v", records)]);
                    if (appended.TakeLast(5).Contains((first, last)))
                    {
                        Assert.True(result.IsDuplicate);
                    }
                    else if (appended.Count == 0 || first == next)
                    {
                        Assert.Equal((ErrorCode.None, false), (result.Error, result.IsDuplicate));
                        appended.Add((first, last));
                        next = Wrap(last + 1L);
                    }
                    else
                    {
                        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, result.Error);
                    }
                }
            }
        );

    private static int Wrap(long sequence) => (int)(sequence & int.MaxValue);

    private static AppendResult Mark(PartitionLog log, ProducerStamp stamp, short version, int coordinatorEpoch = 3) =>
        log.AppendMarker(Marker(ControlRecordType.Commit, stamp, coordinatorEpoch), version, new LeaderEpoch(0), Now);

    private static AppendResult Send(PartitionLog log, short epoch, int sequence, params string[] values) =>
        log.AppendAsLeader(
            With(new ProducerStamp(Id, new ProducerEpoch(epoch), sequence), values),
            new LeaderEpoch(0),
            AppendSettings.Default,
            Now
        );
}
