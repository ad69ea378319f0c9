using RaftLog.Broker.Runtime;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Runtime;

/// <summary>What the controller and the coordinators share: a decision is replayed at once, and told when it is committed.</summary>
public sealed class DecisionsTests
{
    private const long Never = long.MaxValue;

    private readonly DecisionLog _log = new();
    private readonly Decisions<string> _decisions;
    private readonly List<string> _state = [];

    public DecisionsTests() => _decisions = new Decisions<string>(_log, _log.End);

    [Fact]
    public void A_decision_is_replayed_at_once_and_told_when_it_is_committed()
    {
        PendingDecision<string> first = Decide("a");
        PendingDecision<string> second = Decide("b");
        Assert.Equal(["a at 3", "b at 4"], _state);
        Release();
        Assert.False(first.Response.IsCompleted);

        _log.Committed = new Offset(4);
        Release();
        Assert.Equal("a", Result(first));
        Assert.False(second.Response.IsCompleted);

        _log.Committed = new Offset(5);
        Release();
        Assert.Equal("b", Result(second));
    }

    [Fact]
    public void A_response_that_wrote_nothing_waits_for_what_it_saw()
    {
        Decide("a");
        PendingDecision<string> read = new(static error => error.ToString());
        _decisions.Respond(read, "saw a", wrote: false);
        Release();
        Assert.False(read.Response.IsCompleted);

        _log.Committed = new Offset(4);
        Release();
        Assert.Equal("saw a", Result(read));
    }

    [Fact]
    public void An_effect_happens_when_it_is_committed_and_never_after_the_leadership()
    {
        List<string> done = [];
        Decide("a");
        _decisions.WhenCommitted(() => done.Add("a"));
        Decide("b");
        _decisions.WhenCommitted(() => done.Add("b"));
        _log.Committed = new Offset(4);
        Release();
        Assert.Equal(["a"], done);

        _decisions.Abandon(ErrorCode.NotController, ErrorCode.RequestTimedOut);
        _log.Committed = new Offset(5);
        Release();
        Assert.Equal(["a"], done);
    }

    [Fact]
    public void At_the_end_of_the_leadership_writers_and_readers_are_told_apart()
    {
        PendingDecision<string> writer = Decide("a");
        PendingDecision<string> reader = new(static error => error.ToString());
        _decisions.Respond(reader, "saw a", wrote: false);
        _decisions.Abandon(read: ErrorCode.NotController, written: ErrorCode.RequestTimedOut);
        Assert.Equal(nameof(ErrorCode.RequestTimedOut), Result(writer));
        Assert.Equal(nameof(ErrorCode.NotController), Result(reader));
    }

    [Fact]
    public void A_batch_that_the_log_does_not_take_is_not_replayed()
    {
        _log.Error = ErrorCode.NotLeaderOrFollower;
        Assert.Equal(ErrorCode.NotLeaderOrFollower, _decisions.Append("a", offset => _state.Add($"a at {offset}")));
        Assert.Empty(_state);
        Assert.Equal(new Offset(3), _decisions.End);
    }

    [Fact]
    public void A_response_whose_deadline_passes_is_given_up_and_later_ones_go_on()
    {
        PendingDecision<string> early = Decide("a", deadlineMs: 10);
        PendingDecision<string> later = Decide("b", deadlineMs: 20);
        Assert.Equal(10, _decisions.NextDeadlineMs);
        Release(nowMs: 10);
        Assert.Equal(nameof(ErrorCode.CoordinatorNotAvailable), Result(early));
        Assert.Equal(20, _decisions.NextDeadlineMs);

        _log.Committed = new Offset(5);
        Release(nowMs: 20);
        Assert.Equal("b", Result(later));
        Assert.Equal(Never, _decisions.NextDeadlineMs);
    }

    [Fact]
    public void Nothing_is_told_once_the_log_says_that_the_leadership_is_over()
    {
        PendingDecision<string> request = Decide("a");
        _log.Committed = new Offset(4);
        _log.Error = ErrorCode.FencedLeaderEpoch;
        Assert.Equal(ErrorCode.FencedLeaderEpoch, _decisions.Release(0, ErrorCode.CoordinatorNotAvailable));
        Assert.False(request.Response.IsCompleted);
    }

    private static string Result(PendingDecision<string> request)
    {
        Assert.True(request.Response.IsCompletedSuccessfully);
        return request.Response.Result;
    }

    private PendingDecision<string> Decide(string what, long deadlineMs = Never)
    {
        PendingDecision<string> request = new(static error => error.ToString());
        Assert.Equal(ErrorCode.None, _decisions.Append(what, offset => _state.Add($"{what} at {offset}")));
        _decisions.Respond(request, what, wrote: true, deadlineMs);
        return request;
    }

    private void Release(long nowMs = 0) => Assert.Equal(ErrorCode.None, _decisions.Release(nowMs, ErrorCode.CoordinatorNotAvailable));

    /// <summary>A log of one record a batch.</summary>
    private sealed class DecisionLog : IDecisionLog<string>
    {
        public Offset End { get; private set; } = new(3);

        public Offset Committed { get; set; } = new(3);

        public ErrorCode Error { get; set; }

        public DecidedAppend Append(string batch)
        {
            if (Error != ErrorCode.None)
            {
                return new DecidedAppend(Error, Offset.None, Offset.None);
            }

            Offset at = End;
            End += 1;
            return new DecidedAppend(ErrorCode.None, at, End);
        }

        public ErrorCode TryGetCommitted(out Offset committed)
        {
            committed = Committed;
            return Error;
        }
    }
}
