using FsCheck;
using FsCheck.Fluent;

namespace RaftLog.Checking.Tests;

/// <summary>The search for an order of calls, against a register and against trying every order.</summary>
public sealed class LinearizabilityTests
{
    private static readonly Register Model = new();

    [Fact]
    public void Reads_of_what_was_written_are_linearizable() =>
        Expect(LinearizationVerdict.Linearizable, Write(1, 0, 10), Read(1, 11, 12), Write(2, 13, 20), Read(2, 21, 22));

    [Fact]
    public void A_read_of_what_was_overwritten_before_is_not() =>
        Expect(LinearizationVerdict.Illegal, Write(1, 0, 10), Write(2, 11, 20), Read(1, 21, 22));

    [Fact]
    public void Overlapping_calls_have_any_order()
    {
        Expect(LinearizationVerdict.Linearizable, Write(1, 0, 30), Write(2, 1, 30), Read(2, 5, 6), Read(1, 7, 8));
        Expect(LinearizationVerdict.Illegal, Write(1, 0, 30), Write(2, 1, 30), Read(2, 5, 6), Read(1, 7, 8), Read(2, 9, 10));
    }

    [Fact]
    public void A_call_without_a_response_may_take_effect_at_any_time_or_never()
    {
        Expect(LinearizationVerdict.Linearizable, Write(1, 0, 1), Write(2, 2, null), Read(1, 3, 4), Read(2, 50, 51));
        Expect(LinearizationVerdict.Linearizable, Write(1, 0, 1), Write(2, 2, null), Read(1, 50, 51));
        Expect(LinearizationVerdict.Illegal, Write(1, 0, 1), Write(2, 2, null), Read(2, 3, 4), Read(1, 50, 51));
        Expect(LinearizationVerdict.Illegal, Write(1, 0, 1), Read(2, 3, 4), Write(2, 5, null));
    }

    [Fact]
    public void A_call_that_may_have_had_its_effect_had_it_before_its_response_or_never()
    {
        TimedCall<Access> maybe = Write(2, 2, 5) with { IsOptional = true };

        Expect(LinearizationVerdict.Linearizable, Write(1, 0, 1), maybe, Read(2, 3, 4), Read(2, 50, 51));
        Expect(LinearizationVerdict.Linearizable, Write(1, 0, 1), maybe, Read(1, 3, 4), Read(1, 50, 51));
        Expect(LinearizationVerdict.Linearizable, Write(1, 0, 1), maybe, Read(1, 3, 4), Read(2, 50, 51));
        Expect(LinearizationVerdict.Illegal, Write(1, 0, 1), maybe, Read(1, 6, 7), Read(2, 50, 51));
        Expect(LinearizationVerdict.Illegal, Write(1, 0, 1), maybe, Read(2, 3, 4), Read(1, 50, 51));
    }

    [Fact]
    public void A_search_that_is_given_up_says_so()
    {
        TimedCall<Access>[] many = [.. Enumerable.Range(1, 12).Select(each => Write(each, 0, 100)), Read(99, 101, 102)];

        Assert.Equal(LinearizationVerdict.Undecided, LinearizabilityChecker.Check(Model, many, maxSteps: 50).Verdict);
        Assert.Equal(LinearizationVerdict.Illegal, LinearizabilityChecker.Check(Model, many).Verdict);
    }

    [Fact]
    public void The_order_that_is_found_explains_every_response()
    {
        TimedCall<Access>[] calls = [Write(1, 0, 30), Write(2, 1, 30), Read(2, 5, 6), Read(1, 7, 8)];

        Assert.Equal([1, 2, 0, 3], LinearizabilityChecker.Check(Model, calls).Longest);
    }

    [Property(2000, StartSize = 3, EndSize = 20)]
    public bool The_search_agrees_with_trying_every_order((byte Kind, byte From, byte Length)[] choices)
    {
        TimedCall<Access>[] calls = [.. choices.Take(7).Select(Call)];
        bool isLinearizable = IsLinearizable(calls, new bool[calls.Length], 0);
        return isLinearizable == (LinearizabilityChecker.Check(Model, calls).Verdict == LinearizationVerdict.Linearizable);
    }

    /// <summary>Else the property above would say little.</summary>
    [Fact]
    public void Of_the_random_calls_some_are_linearizable_and_some_are_not()
    {
        int illegal = ArbMap
            .Default.GeneratorFor<(byte Kind, byte From, byte Length)[]>()
            .Sample(500, 12)
            .Count(choices =>
            {
                TimedCall<Access>[] calls = [.. choices.Take(7).Select(Call)];
                return !IsLinearizable(calls, new bool[calls.Length], 0);
            });
        Assert.InRange(illegal, 25, 475);
    }

    [Fact]
    public void Creating_is_test_and_set()
    {
        MetadataOperation create = new(new(1), "t", MetadataAction.Create, new TopicState(true, 3, 0), SendOutcome.Acknowledged, 0, 5);

        Assert.Empty(
            HistoryChecker.Check(
                new History
                {
                    Metadata =
                    [
                        create,
                        create with
                        {
                            Action = MetadataAction.Delete,
                            InvokedUs = 2,
                            CompletedUs = 9,
                        },
                        create with
                        {
                            InvokedUs = 4,
                            CompletedUs = 12,
                        },
                    ],
                }
            )
        );
        Assert.Contains(
            HistoryChecker.Check(new History { Metadata = [create, create with { InvokedUs = 4, CompletedUs = 12 }] }),
            each => each.Kind == AnomalyKind.NotLinearizable
        );
        Assert.Empty(
            HistoryChecker.Check(
                new History { Metadata = [create, create with { InvokedUs = 4, CompletedUs = 12, Outcome = SendOutcome.Rejected }] }
            )
        );

        // A repetition of the request was told that the topic is there, which the first attempt had made: only where requests are repeated.
        MetadataOperation deleted = create with
        {
            Action = MetadataAction.Delete,
            InvokedUs = 20,
            CompletedUs = 21,
        };
        Assert.Empty(HistoryChecker.Check(new History { Metadata = [create with { Outcome = SendOutcome.Rejected }, deleted] }));
        Assert.NotEmpty(
            HistoryChecker.Check(
                new History { MakesChangesOnce = true, Metadata = [create with { Outcome = SendOutcome.Rejected }, deleted] }
            )
        );
        Assert.Empty(
            HistoryChecker.Check(
                new History
                {
                    MakesChangesOnce = true,
                    Metadata = [create with { Outcome = SendOutcome.Unknown, CompletedUs = null }, deleted],
                }
            )
        );
        Assert.NotEmpty(
            HistoryChecker.Check(
                new History { Metadata = [create with { Outcome = SendOutcome.Rejected, InvokedUs = 22, CompletedUs = 25 }, deleted] }
            )
        );
    }

    [Fact]
    public void One_request_explains_one_change()
    {
        // A broker that lost the response to the second creation sent it again, after the topic had been deleted: it was made twice.
        MetadataOperation create = new(new(2), "t", MetadataAction.Create, new TopicState(true, 7, 0), SendOutcome.Acknowledged, 100, 600);
        MetadataOperation delete = create with { Action = MetadataAction.Delete, InvokedUs = 200, CompletedUs = 500 };
        MetadataOperation again = delete with { InvokedUs = 700, CompletedUs = 800 };

        Assert.Empty(HistoryChecker.Check(new History { MakesChangesOnce = true, Metadata = [create, delete] }));
        Assert.Contains(
            HistoryChecker.Check(new History { MakesChangesOnce = true, Metadata = [create, delete, again] }),
            each => each.Kind == AnomalyKind.NotLinearizable
        );

        // Without a response it may be made at any later time, and still only once.
        MetadataOperation late = create with
        {
            Outcome = SendOutcome.Unknown,
            CompletedUs = null,
        };
        Assert.Empty(HistoryChecker.Check(new History { MakesChangesOnce = true, Metadata = [late, again] }));
        Assert.NotEmpty(HistoryChecker.Check(new History { MakesChangesOnce = true, Metadata = [late, delete, again] }));
    }

    [Fact]
    public void Partitions_only_grow()
    {
        MetadataOperation create = new(new(1), "t", MetadataAction.Create, new TopicState(true, 3, 0), SendOutcome.Acknowledged, 0, 5);
        MetadataOperation grow = create with
        {
            Action = MetadataAction.Grow,
            Argument = new TopicState(true, 5, 0),
            InvokedUs = 10,
            CompletedUs = 11,
        };

        Assert.Empty(HistoryChecker.Check(new History { Metadata = [create, grow] }));
        Assert.NotEmpty(
            HistoryChecker.Check(
                new History
                {
                    Metadata = [create, grow, grow with { Argument = new TopicState(true, 4, 0), InvokedUs = 12, CompletedUs = 13 }],
                }
            )
        );
    }

    private static TimedCall<Access> Call((byte Kind, byte From, byte Length) choice) =>
        choice.Kind % 5 < 2
            ? Write(choice.Kind % 3, choice.From % 12, choice.Length % 7 == 0 ? null : (choice.From % 12) + 1 + (choice.Length % 7)) with
            {
                IsOptional = choice.Length % 7 == 3,
            }
            : Read(choice.Kind % 3, choice.From % 12, (choice.From % 12) + 1 + (choice.Length % 7));

    private static bool IsLinearizable(TimedCall<Access>[] calls, bool[] done, int state)
    {
        if (!calls.Where((each, i) => !done[i] && each is { CompletedUs: not null, IsOptional: false }).Any())
        {
            return true;
        }

        for (int i = 0; i < calls.Length; i++)
        {
            // A call may be next unless another one had its response before this one began; at one time begins go before ends.
            bool isNext = !done[i] && !calls.Where((each, j) => !done[j] && j != i && each.CompletedUs < calls[i].InvokedUs).Any();
            if (isNext && calls[i].IsOptional)
            {
                done[i] = true;
                bool isExplained = IsLinearizable(calls, done, state);
                done[i] = false;
                if (isExplained)
                {
                    return true;
                }
            }

            if (isNext && Model.TryApply(state, calls[i].Call, out int next))
            {
                done[i] = true;
                bool found = IsLinearizable(calls, done, next);
                done[i] = false;
                if (found)
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static void Expect(LinearizationVerdict verdict, params TimedCall<Access>[] calls) =>
        Assert.Equal(verdict, LinearizabilityChecker.Check(Model, calls).Verdict);

    private static TimedCall<Access> Write(int value, long from, long? to) => new(new Access(true, value), from, to);

    private static TimedCall<Access> Read(int value, long from, long? to) => new(new Access(false, value), from, to);

    private readonly record struct Access(bool IsWrite, int Value);

    private sealed class Register : ISequentialModel<int, Access>
    {
        public int Initial => 0;

        public bool TryApply(int state, Access call, out int next)
        {
            next = call.IsWrite ? call.Value : state;
            return call.IsWrite || call.Value == state;
        }
    }
}
