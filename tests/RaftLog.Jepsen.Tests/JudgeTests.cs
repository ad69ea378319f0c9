using RaftLog.Checking;
using RaftLog.Jepsen.Reporting;
using RaftLog.Protocol;

namespace RaftLog.Jepsen.Tests;

/// <summary>When a run says something, and when it only seems to.</summary>
public sealed class JudgeTests
{
    private static readonly TopicPartition Zero = new("t", 0);

    [Fact]
    public void A_sound_run_that_did_enough_holds() => Assert.Equal(VerdictKind.Held, Of(Run()).Kind);

    [Fact]
    public void A_run_that_did_next_to_nothing_does_not_say() => Assert.Equal(VerdictKind.Unknown, Of(Run(sends: 3)).Kind);

    [Fact]
    public void A_run_without_a_final_read_does_not_say() =>
        Assert.Equal(
            VerdictKind.Unknown,
            Of(
                Run()
                    .Where(each => each.Function is not (HistoryFunction.Final or HistoryFunction.FinalRead))
                    .Select(each =>
                        each.Function == HistoryFunction.Send && each.Type == EventType.Ok ? each with { Type = EventType.Info } : each
                    )
            ).Kind
        );

    [Fact]
    public void A_run_whose_final_read_was_given_up_does_not_say() =>
        Assert.Equal(
            VerdictKind.Unknown,
            Of(
                Run()
                    .Where(each => each.Function != HistoryFunction.FinalRead)
                    .Append(new HistoryEvent(9_999_999, 0, 9_999, EventType.Info, HistoryFunction.FinalRead))
            ).Kind
        );

    [Fact]
    public void A_run_without_a_consumer_does_not_say() =>
        Assert.Equal(VerdictKind.Unknown, Of(Run().Where(each => each.Function != HistoryFunction.Poll)).Kind);

    [Fact]
    public void A_run_without_the_fault_it_asked_for_does_not_say() =>
        Assert.Equal(VerdictKind.Unknown, Of(Run().Where(each => each.Function != HistoryFunction.Fault)).Kind);

    [Fact]
    public void A_run_whose_faults_had_no_effect_does_not_say() =>
        Assert.Equal(
            VerdictKind.Unknown,
            Of(
                Run()
                    .Select(each =>
                        each is { Function: HistoryFunction.Fault, Type: EventType.Ok } ? each with { Type = EventType.Fail } : each
                    )
            ).Kind
        );

    [Fact]
    public void A_run_that_has_a_doubt_of_its_own_does_not_say() =>
        Assert.Equal(
            VerdictKind.Unknown,
            Judge.Of([.. Run()], [], faultsAreExpected: true, ["it was ended early"], makesChangesOnce: true).Kind
        );

    [Fact]
    public void A_broken_promise_outweighs_every_doubt()
    {
        IEnumerable<HistoryEvent> lost = Run(sends: 3)
            .Select(each => each.Function == HistoryFunction.Final ? each with { Records = [.. each.Records.Skip(1)] } : each);

        Assert.Equal(VerdictKind.Violated, Of(lost).Kind);
    }

    [Fact]
    public void What_the_control_group_lost_is_counted_and_is_no_anomaly()
    {
        HistoryEvent[] control =
        [
            new(1, 9, 8_000, EventType.Invoke, HistoryFunction.Send)
            {
                Partition = Zero,
                Value = new RecordValue(77_777),
                Flavour = SendFlavour.Control,
            },
            new(2, 9, 8_000, EventType.Ok, HistoryFunction.Send) { Offset = new Offset(5) },
        ];
        Verdict verdict = Of(Run().Concat(control).OrderBy(each => each.TimeUs));

        Assert.Equal(VerdictKind.Held, verdict.Kind);
        Assert.Equal(1, verdict.ControlLosses);
    }

    [Fact]
    public void The_page_shows_the_operations_of_an_anomaly_and_needs_nothing_else()
    {
        List<HistoryEvent> events =
        [
            .. Run().Select(each => each.Function == HistoryFunction.Final ? each with { Records = [.. each.Records.Skip(1)] } : each),
        ];
        string page = new VerdictPage(
            Judge.Of(events, [], faultsAreExpected: true, [], makesChangesOnce: true),
            events,
            "RaftLog <test>",
            "--seed 1"
        ).Render();

        Assert.Contains("A3 LostRecord", page, StringComparison.Ordinal);
        Assert.Contains("&quot;value&quot;:1000", page, StringComparison.Ordinal);
        Assert.Contains("RaftLog &lt;test&gt;", page, StringComparison.Ordinal);
        Assert.Contains("<svg", page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=", page, StringComparison.Ordinal);
        Assert.DoesNotContain("href=", page, StringComparison.Ordinal);
    }

    private static Verdict Of(IEnumerable<HistoryEvent> events) =>
        Judge.Of([.. events], [], faultsAreExpected: true, [], makesChangesOnce: true);

    /// <summary>A sound run: sends, a poll of all, a fault late in it, and a final read.</summary>
    private static IEnumerable<HistoryEvent> Run(int sends = 100)
    {
        List<PolledRecord> records = [];
        for (int i = 0; i < sends; i++)
        {
            yield return new HistoryEvent(i * 1000, 1, i, EventType.Invoke, HistoryFunction.Send)
            {
                Partition = Zero,
                Value = new RecordValue(1000 + i),
            };
            yield return new HistoryEvent((i * 1000) + 500, 1, i, EventType.Ok, HistoryFunction.Send) { Offset = new Offset(i) };
            records.Add(new PolledRecord(new Offset(i), new RecordValue(1000 + i), LeaderEpoch.Zero));
        }

        long end = 1_000_000;
        yield return new HistoryEvent(end, 0, 9_000, EventType.Invoke, HistoryFunction.Fault)
        {
            Topic = "kill",
            Note = "kill -9 of node 1",
        };
        yield return new HistoryEvent(end + 1000, 0, 9_000, EventType.Ok, HistoryFunction.Fault)
        {
            Topic = "kill",
            Note = "kill -9 of node 1",
        };
        yield return new HistoryEvent(end + 2000, 2, 9_001, EventType.Ok, HistoryFunction.Poll) { Partition = Zero, Records = records };
        yield return new HistoryEvent(end + 3000, 3, 9_002, EventType.Ok, HistoryFunction.Final) { Partition = Zero, Records = records };
        yield return new HistoryEvent(end + 4000, 0, 9_003, EventType.Ok, HistoryFunction.FinalRead);
    }
}
