using FsCheck;
using FsCheck.Fluent;
using RaftLog.Protocol;

namespace RaftLog.Checking.Tests;

/// <summary>
/// How far readers are behind: said of plain histories by hand, and of any history as its definition says it, read literally.
/// </summary>
public sealed class ReadLagTests
{
    private static readonly TopicPartition Zero = new("t", 0);

    [Fact]
    public void Who_is_the_first_to_know_is_not_behind_and_who_gets_it_later_is_behind_by_that() =>
        Assert.Equal(
            [0, 30, 0],
            Lags(new History { Sends = [Sent(0, atUs: 100)], Seen = [Saw(1, 0, 1, 90), Saw(2, 0, 2, 120), Saw(1, 1, 3, 400)] })
        );

    [Fact]
    public void A_poll_of_many_records_is_as_late_as_its_first_one() =>
        Assert.Equal(
            [400],
            Lags(new History { Sends = [Sent(0, atUs: 100), Sent(1, atUs: 490)], Seen = [Saw(1, 0, 1, 500), Saw(1, 1, 1, 500)] })
        );

    [Fact]
    public void A_later_record_that_was_known_earlier_counts_for_those_before_it() =>
        Assert.Equal([250], Lags(new History { Sends = [Sent(7, atUs: 50)], Seen = [Saw(1, 3, 1, 300)] }));

    [Fact]
    public void Nobody_knows_of_a_record_by_a_send_without_an_outcome_or_by_one_in_another_partition() =>
        Assert.Equal(
            [0],
            Lags(
                new History
                {
                    Sends =
                    [
                        Sent(0, atUs: 100) with
                        {
                            Outcome = SendOutcome.Unknown,
                            CompletedUs = null,
                        },
                        Sent(5, atUs: 100) with
                        {
                            Partition = new("t", 1),
                        },
                    ],
                    Seen = [Saw(1, 0, 1, 500)],
                }
            )
        );

    [Fact]
    public void Polls_without_a_time_have_no_lag() =>
        Assert.Empty(ReadLag.Of(new History { Seen = [Saw(1, 0, 1, 5) with { AtUs = null }] }));

    [Property(60)]
    public Property The_lag_is_what_its_definition_says_in_any_history() =>
        ForAll(history => Assert.Equal(Literally(history), ReadLag.Of(history)));

    [Property(60)]
    public Property A_reader_that_is_held_up_is_behind_by_that_much_more() =>
        ForAll(history =>
        {
            const long Held = 1_000_000;
            int late = history.Seen[0].Consumer;
            History held = history with
            {
                Seen = [.. history.Seen.Select(each => each.Consumer == late ? each with { AtUs = each.AtUs + Held } : each)],
            };
            foreach ((ReadLag before, ReadLag after) in ReadLag.Of(history).Zip(ReadLag.Of(held)))
            {
                // Of a record that only this reader had known nobody knows before it: then it is the first one still.
                Assert.True(before.Consumer != late || after.LagUs >= before.LagUs);
                Assert.True(before.Consumer != late || before.LagUs == 0 || after.LagUs > before.LagUs);
            }
        });

    private static IEnumerable<ReadLag> Literally(History history)
    {
        HashSet<(int, TopicPartition, int, long?)> polls = [];
        foreach (SeenRecord first in history.Seen.Where(each => polls.Add((each.Consumer, each.Partition, each.Poll, each.AtUs))))
        {
            IEnumerable<long> known = history
                .Sends.Where(each =>
                    each.Outcome == SendOutcome.Acknowledged && each.Partition == first.Partition && each.Offset >= first.Offset
                )
                .Select(each => each.CompletedUs!.Value)
                .Concat(
                    history
                        .Seen.Where(each => each.Partition == first.Partition && each.Offset >= first.Offset)
                        .Select(each => each.AtUs!.Value)
                );
            yield return new ReadLag(first.Consumer, first.Partition, first.AtUs!.Value, Math.Max(0, first.AtUs!.Value - known.Min()));
        }
    }

    private static Property ForAll(Action<History> holds) =>
        Prop.ForAll(ArbMap.Default.ArbFor<(byte Kind, byte Choice)[]>(), choices => holds(LogModel.Of(choices)));

    private static IEnumerable<long> Lags(History history) => ReadLag.Of(history).Select(each => each.LagUs);

    private static SentRecord Sent(long offset, long atUs) =>
        new(1, Zero, new RecordValue(offset), SendOutcome.Acknowledged, new Offset(offset)) { InvokedUs = 0, CompletedUs = atUs };

    private static SeenRecord Saw(int consumer, long offset, int poll, long atUs) =>
        new(consumer, Zero, new Offset(offset), new RecordValue(offset)) { Poll = poll, AtUs = atUs };
}
