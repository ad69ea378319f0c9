using RaftLog.Protocol;

namespace RaftLog.Checking.Tests;

/// <summary>Each promise: a history that keeps it is silent, one that breaks it names it and no other.</summary>
public sealed class HistoryCheckerTests
{
    private static readonly TopicPartition Zero = new("t", 0);
    private static readonly TopicPartition One = new("t", 1);

    [Fact]
    public void A_history_in_order_has_no_anomaly() => Assert.Empty(HistoryChecker.Check(Good()));

    [Fact]
    public void A_send_without_outcome_may_be_there_or_not()
    {
        History there = Good() with { Sends = [Sent(1, 10, 0, SendOutcome.Unknown), Sent(1, 11, 1), Sent(2, 12, 2)] };
        History absent = Good() with { Sends = [.. Good().Sends, Sent(2, 99, -1, SendOutcome.Unknown)] };

        Assert.Empty(HistoryChecker.Check(there));
        Assert.Empty(HistoryChecker.Check(absent));
    }

    [Fact]
    public void Holes_in_the_offsets_are_no_anomaly()
    {
        History holes = new()
        {
            Sends = [Sent(1, 10, 0), Sent(1, 11, 5)],
            Seen = [Saw(1, 0, 10), Saw(1, 5, 11)],
            Final = [Saw(2, 0, 10), Saw(2, 5, 11)],
        };

        Assert.Empty(HistoryChecker.Check(holes));
    }

    [Fact]
    public void An_acknowledged_record_that_is_gone_is_lost() =>
        Expect(AnomalyKind.LostRecord, Good() with { Sends = [.. Good().Sends, Sent(2, 13, 3)] });

    [Fact]
    public void A_value_at_two_offsets_is_a_duplicate() =>
        Expect(AnomalyKind.Duplicate, Good() with { Final = [.. Good().Final, Saw(2, 3, 12)] });

    [Fact]
    public void An_offset_that_was_acknowledged_for_another_value_is_inconsistent() =>
        Expect(AnomalyKind.InconsistentOffset, Good() with { Sends = [Sent(1, 10, 0), Sent(1, 11, 1), Sent(2, 12, 1)] });

    [Fact]
    public void An_offset_at_which_a_consumer_saw_another_value_is_inconsistent() =>
        Expect(AnomalyKind.InconsistentOffset, Good() with { Seen = [Saw(1, 0, 11)] });

    [Fact]
    public void Records_of_one_producer_in_reverse_order_are_reordered() =>
        Expect(AnomalyKind.ReorderedSend, Good() with { Sends = [Sent(1, 11, 1), Sent(1, 10, 0), Sent(2, 12, 2)] });

    [Fact]
    public void A_record_that_a_consumer_saw_and_that_is_gone_was_a_dirty_read() =>
        Expect(AnomalyKind.DirtyRead, Good() with { Seen = [.. Good().Seen, Saw(1, 2, 12), Saw(1, 3, 77)] });

    [Fact]
    public void A_rejected_record_that_is_there_is_an_anomaly() =>
        Expect(AnomalyKind.RejectedRecord, Good() with { Sends = [Sent(1, 10, -1, SendOutcome.Rejected), Sent(1, 11, 1), Sent(2, 12, 2)] });

    [Fact]
    public void A_record_that_nobody_sent_is_alien() =>
        Expect(AnomalyKind.AlienRecord, Good() with { Final = [.. Good().Final, Saw(2, 3, 77)] });

    [Fact]
    public void A_record_in_another_partition_than_it_was_sent_to_is_alien()
    {
        History crossed = Good() with
        {
            Sends = [Sent(1, 10, 0), Sent(1, 11, 1), Sent(2, 12, 2), Sent(2, 13, 0, SendOutcome.Unknown)],
            Final = [.. Good().Final, new SeenRecord(2, One, new Offset(0), new RecordValue(13))],
        };

        Expect(AnomalyKind.AlienRecord, crossed);
    }

    [Fact]
    public void A_consumer_that_goes_back_reads_nonmonotonically() =>
        Expect(AnomalyKind.NonmonotonicRead, Good() with { Seen = [Saw(1, 0, 10), Saw(1, 1, 11), Saw(1, 0, 10)] });

    [Fact]
    public void Another_consumer_may_begin_anew() =>
        Assert.Empty(HistoryChecker.Check(Good() with { Seen = [Saw(1, 0, 10), Saw(1, 1, 11), Saw(3, 0, 10)] }));

    [Fact]
    public void A_consumer_that_jumps_over_a_record_has_skipped_it() =>
        Expect(AnomalyKind.SkippedRecord, Good() with { Seen = [Saw(1, 0, 10), Saw(1, 2, 12)] });

    [Fact]
    public void Replicas_that_differ_below_the_high_watermark_have_diverged() =>
        Expect(AnomalyKind.ReplicaDivergence, Good() with { Replicas = [Replica(1, 2, 1, 2), Replica(2, 2, 1, 3)] });

    [Fact]
    public void A_replica_that_ends_below_the_high_watermark_has_diverged() =>
        Expect(AnomalyKind.ReplicaDivergence, Good() with { Replicas = [Replica(1, 2, 1, 2), Replica(2, 2, 1)] });

    [Fact]
    public void Replicas_may_differ_above_the_high_watermark() =>
        Assert.Empty(HistoryChecker.Check(Good() with { Replicas = [Replica(1, 1, 1, 2), Replica(2, 1, 1, 3)] }));

    [Fact]
    public void Of_one_kind_only_the_first_few_are_told()
    {
        History lost = new() { Sends = [.. Enumerable.Range(0, 1000).Select(each => Sent(1, each, each))] };

        Assert.Equal(AnomalyList.MaxOfOneKind, HistoryChecker.Check(lost).Count);
    }

    private static void Expect(AnomalyKind kind, History history) =>
        Assert.Equal([kind], HistoryChecker.Check(history).Select(each => each.Kind).Distinct());

    private static History Good() =>
        new()
        {
            Sends = [Sent(1, 10, 0), Sent(1, 11, 1), Sent(2, 12, 2)],
            Seen = [Saw(1, 0, 10), Saw(1, 1, 11)],
            Final = [Saw(2, 0, 10), Saw(2, 1, 11), Saw(2, 2, 12)],
            Replicas = [Replica(1, 2, 1, 2), Replica(2, 2, 1, 2)],
        };

    private static SentRecord Sent(int producer, long value, long offset, SendOutcome outcome = SendOutcome.Acknowledged) =>
        new(producer, Zero, new RecordValue(value), outcome, new Offset(offset));

    private static SeenRecord Saw(int consumer, long offset, long value) => new(consumer, Zero, new Offset(offset), new RecordValue(value));

    /// <summary>A replica with one batch of one record for each content.</summary>
    private static ReplicaLog Replica(int node, long highWatermark, params byte[] contents) =>
        new(
            new NodeId(node),
            Zero,
            new Offset(highWatermark),
            [.. contents.Select((content, i) => new ReplicaBatch(new Offset(i), new Offset(i), new byte[] { content }))]
        );
}
