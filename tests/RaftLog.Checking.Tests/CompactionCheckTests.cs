using RaftLog.Protocol;

namespace RaftLog.Checking.Tests;

/// <summary>What a reader of a compacted partition may miss, and what not.</summary>
public sealed class CompactionCheckTests
{
    private static readonly TopicPartition Partition = new("k", 0);
    private static readonly RecordValue First = new(1);
    private static readonly RecordValue Second = new(2);

    [Fact]
    public void Last_value_at_its_offset_is_in_order() =>
        Assert.Empty(Find([Sent(First, 3, 10), Sent(Second, 5, 30)], Read(Seen(5, Second))));

    [Fact]
    public void Value_that_was_overwritten_while_the_reader_was_under_way_may_be_gone() =>
        Assert.Empty(Find([Sent(First, 3, 10), Sent(Second, 9, 55)], Read()));

    [Fact]
    public void Value_that_was_overwritten_after_the_read_is_missed() =>
        Assert.Equal([AnomalyKind.LostLastValue], Find([Sent(First, 3, 10), Sent(Second, 9, 70)], Read()));

    [Fact]
    public void Value_behind_the_end_of_the_read_is_not_asked_for() => Assert.Empty(Find([Sent(First, 8, 10)], Read()));

    [Fact]
    public void Value_that_was_acknowledged_after_the_reader_began_is_not_asked_for() => Assert.Empty(Find([Sent(First, 3, 48)], Read()));

    [Fact]
    public void Send_of_unknown_outcome_may_have_overwritten_the_last_value() =>
        Assert.Empty(Find([Sent(First, 3, 10), Sent(Second, -1, 30) with { Outcome = SendOutcome.Unknown, CompletedUs = null }], Read()));

    [Fact]
    public void Tombstone_that_is_gone_with_what_it_deletes_is_in_order() =>
        Assert.Empty(Find([Sent(First, 3, 10), Sent(null, 5, 30)], Read()));

    [Fact]
    public void Record_that_a_tombstone_deleted_is_not_seen_while_the_tombstone_stays()
    {
        KeyedSend[] sends = [Sent(First, 3, 10), Sent(null, 5, 30)];
        Assert.Equal([AnomalyKind.LostLastValue], Find(sends, Read(Seen(3, First)), tombstonesStayUs: 1000));
        Assert.Empty(Find(sends, Read(Seen(3, First)), tombstonesStayUs: 5));
    }

    [Fact]
    public void Other_record_at_an_acknowledged_offset_is_found() =>
        Assert.Equal([AnomalyKind.InconsistentOffset], Find([Sent(First, 3, 10), Sent(Second, 5, 30)], Read(Seen(5, First))));

    private static List<AnomalyKind> Find(KeyedSend[] sends, KeyedRead read, double tombstonesStayUs = 0) =>
        [
            .. HistoryChecker
                .Check(
                    new History
                    {
                        Keyed =
                        [
                            new KeyedHistory(Partition, sends, [read]) { TombstonesStay = TimeSpan.FromMicroseconds(tombstonesStayUs) },
                        ],
                    }
                )
                .Select(each => each.Kind),
        ];

    private static KeyedSend Sent(RecordValue? value, long offset, long atUs) =>
        new(7, value, SendOutcome.Acknowledged, new Offset(offset), atUs, atUs + 5);

    private static KeyedRead Read(params KeyedRecord[] records) => new(1, 50, 60, new Offset(6), records);

    private static KeyedRecord Seen(long offset, RecordValue value) => new(new Offset(offset), 7, value);
}
