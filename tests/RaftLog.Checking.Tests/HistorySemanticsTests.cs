using RaftLog.Protocol;

namespace RaftLog.Checking.Tests;

/// <summary>What is easily got wrong in a checker, so that it sees anomalies where there are none or none where there are some.</summary>
public sealed class HistorySemanticsTests
{
    private static readonly TopicPartition Zero = new("t", 0);

    [Fact]
    public void A_send_without_a_response_orders_those_of_its_producer()
    {
        History reordered = new() { Sends = [Sent(1, 10, -1, SendOutcome.Unknown), Sent(1, 11, 0)], Final = [Saw(0, 11), Saw(1, 10)] };

        Assert.Equal(AnomalyKind.ReorderedSend, Assert.Single(HistoryChecker.Check(reordered)).Kind);
    }

    [Fact]
    public void A_jump_over_offsets_that_hold_no_record_is_no_skip() =>
        Assert.Empty(
            HistoryChecker.Check(
                new History
                {
                    Sends = [Sent(1, 10, 0), Sent(1, 11, 7)],
                    Seen = [Saw(0, 10), Saw(7, 11)],
                    Final = [Saw(0, 10), Saw(7, 11)],
                }
            )
        );

    [Fact]
    public void A_record_that_only_another_consumer_saw_counts_for_a_skip()
    {
        History history = new()
        {
            Sends = [Sent(1, 10, 0), Sent(1, 11, 1), Sent(1, 12, 2)],
            Seen = [Saw(0, 10), Saw(2, 12), Saw(1, 11) with { Consumer = 5 }],
            Final = [Saw(0, 10), Saw(2, 12)],
        };

        Assert.Contains(HistoryChecker.Check(history), each => each.Kind == AnomalyKind.SkippedRecord);
    }

    [Fact]
    public void The_control_group_may_lose_and_repeat_records_and_its_readers_may_not_see_what_is_gone()
    {
        SentRecord lost = Sent(1, 10, 0) with { IsControl = true };
        History history = new() { Sends = [lost, Sent(2, 11, 0)], Final = [Saw(0, 11)] };

        Assert.Empty(HistoryChecker.Check(history));
        Assert.Contains(HistoryChecker.Check(history with { Seen = [Saw(0, 10)] }), each => each.Kind == AnomalyKind.InconsistentOffset);
    }

    [Fact]
    public void A_high_watermark_may_go_back_with_a_new_leader_or_another_consumer_but_not_in_a_leadership()
    {
        SeenHighWatermark told = new(1, Zero, new LeaderEpoch(3), new Offset(9));
        History sound = new()
        {
            HighWatermarks =
            [
                told,
                told,
                told with
                {
                    Leadership = new LeaderEpoch(4),
                    HighWatermark = new Offset(7),
                },
                told with
                {
                    Consumer = 2,
                    HighWatermark = new Offset(6),
                },
                told with
                {
                    Partition = new("t", 1),
                    HighWatermark = new Offset(0),
                },
                told with
                {
                    HighWatermark = new Offset(10),
                },
            ],
        };

        Assert.Empty(HistoryChecker.Check(sound));
        Anomaly found = Assert.Single(HistoryChecker.Check(sound with { HighWatermarks = [.. sound.HighWatermarks, told] }));
        Assert.Equal((AnomalyKind.HighWatermarkRegression, "A23"), (found.Kind, AnomalyCatalog.CodeOf(found.Kind)));
        Assert.Contains("consumer 1 was told of the high watermark 9 of t-0 after 10, both in leader epoch 3", found.What);
    }

    [Fact]
    public void An_acknowledgement_without_an_offset_is_one()
    {
        History history = new() { Sends = [Sent(1, 10, -1)], Final = [Saw(3, 10)] };

        Assert.Empty(HistoryChecker.Check(history));
        Assert.Equal(AnomalyKind.LostRecord, Assert.Single(HistoryChecker.Check(history with { Final = [] })).Kind);
    }

    [Fact]
    public void A_leader_that_is_not_one_any_more_has_rejected_nothing()
    {
        Assert.Equal(SendOutcome.Unknown, ResultClass.OfProduce(ErrorCode.NotLeaderOrFollower));
        Assert.Equal(SendOutcome.Unknown, ResultClass.OfProduce(ErrorCode.NotEnoughReplicasAfterAppend));
        Assert.Equal(SendOutcome.Unknown, ResultClass.OfProduce(ErrorCode.RequestTimedOut));
        Assert.Equal(SendOutcome.Unknown, ResultClass.OfProduce(ErrorCode.UnknownServerError));
        Assert.Equal(SendOutcome.Unknown, ResultClass.OfProduce(ErrorCode.KafkaStorageError));
        Assert.Equal(SendOutcome.Unknown, ResultClass.OfChange(ErrorCode.NotController));
        Assert.Equal(SendOutcome.Unknown, ResultClass.OfChange(ErrorCode.RequestTimedOut));
    }

    [Fact]
    public void What_was_rejected_before_an_append_is_rejected()
    {
        Assert.Equal(SendOutcome.Rejected, ResultClass.OfProduce(ErrorCode.NotEnoughReplicas));
        Assert.Equal(SendOutcome.Rejected, ResultClass.OfProduce(ErrorCode.OutOfOrderSequenceNumber));
        Assert.Equal(SendOutcome.Rejected, ResultClass.OfProduce(ErrorCode.MessageTooLarge));
        Assert.Equal(SendOutcome.Rejected, ResultClass.OfChange(ErrorCode.TopicAlreadyExists));
        Assert.Equal(SendOutcome.Acknowledged, ResultClass.OfProduce(ErrorCode.DuplicateSequenceNumber));
    }

    [Fact]
    public void After_retries_a_rejection_of_the_last_attempt_proves_nothing_of_the_others()
    {
        Assert.Equal(SendOutcome.Unknown, ResultClass.OfRetriedProduce(ErrorCode.OutOfOrderSequenceNumber));
        Assert.Equal(SendOutcome.Unknown, ResultClass.OfRetriedProduce(ErrorCode.NotEnoughReplicas));
        Assert.Equal(SendOutcome.Rejected, ResultClass.OfRetriedProduce(ErrorCode.MessageTooLarge));
    }

    private static SentRecord Sent(int producer, long value, long offset, SendOutcome outcome = SendOutcome.Acknowledged) =>
        new(producer, Zero, new RecordValue(value), outcome, new Offset(offset));

    private static SeenRecord Saw(long offset, long value) => new(1, Zero, new Offset(offset), new RecordValue(value));
}
