using RaftLog.Checking;
using RaftLog.Jepsen.Reporting;
using RaftLog.Protocol;

namespace RaftLog.Jepsen.Tests;

/// <summary>The series of a run's page.</summary>
public sealed class RunFiguresTests
{
    private static readonly TopicPartition Zero = new("t", 0);

    [Fact]
    public void The_lag_of_readers_is_told_for_the_second_in_which_they_polled()
    {
        RunFigures figures = new([
            new HistoryEvent(100_000, 1, 1, EventType.Invoke, HistoryFunction.Send) { Partition = Zero, Value = new RecordValue(7) },
            new HistoryEvent(200_000, 1, 1, EventType.Ok, HistoryFunction.Send) { Partition = Zero, Offset = new Offset(0) },
            Poll(210_000, process: 2),
            Poll(1_700_000, process: 3),
            Poll(1_900_000, process: 4),
        ]);

        Assert.Equal(10, figures.ReadLagMs(0, 1));
        Assert.Equal(1_700, figures.ReadLagMs(1, 1));
        Assert.Equal(1_500, figures.ReadLagMs(1, 0));
        Assert.Contains("behind what others know", new TimelineChart(figures, []).Render());
    }

    [Fact]
    public void A_second_without_a_poll_has_no_lag() =>
        Assert.Null(
            new RunFigures([
                new HistoryEvent(100_000, 1, 1, EventType.Invoke, HistoryFunction.Send) { Partition = Zero, Value = new RecordValue(7) },
            ]).ReadLagMs(0, 1)
        );

    private static HistoryEvent Poll(long atUs, int process) =>
        new(atUs, process, 100 + process, EventType.Ok, HistoryFunction.Poll)
        {
            Partition = Zero,
            Records = [new PolledRecord(new Offset(0), new RecordValue(7), new LeaderEpoch(0))],
        };
}
