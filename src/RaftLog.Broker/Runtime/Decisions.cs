using RaftLog.Protocol;

namespace RaftLog.Broker.Runtime;

/// <summary>
/// The decisions of one leadership: each is appended and replayed at once, so that the next one sees it, and what tells of it is held back
/// until all that it rests on is committed. A response that wrote nothing is held back too, since the state it tells of may be lost.
/// Whoever decides calls this from one event loop.
/// </summary>
/// <typeparam name="TBatch">What one decision appends.</typeparam>
/// <param name="log">The log, in this leadership.</param>
/// <param name="end">The end of the log that the state rests on in the beginning.</param>
internal sealed class Decisions<TBatch>(IDecisionLog<TBatch> log, Offset end)
{
    // Bounded by those who wait: a response has a request, and an effect a decision whose response waits as well.
    private readonly Queue<Response> _responses = new();
    private readonly Queue<(Offset End, Action Effect)> _effects = new();

    /// <summary>The end of what has been decided: the state rests on all records below it.</summary>
    public Offset End { get; private set; } = end;

    /// <summary>When the first response is given up, in monotonic milliseconds; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDeadlineMs => _responses.TryPeek(out Response first) ? first.DeadlineMs : long.MaxValue;

    /// <summary>Appends what was decided and has it replayed.</summary>
    /// <param name="batch">The records.</param>
    /// <param name="replay">Makes them part of the state; gets the offset of the first.</param>
    /// <returns>None; else why the log did not take them, and nothing was replayed.</returns>
    public ErrorCode Append(TBatch batch, Action<Offset> replay)
    {
        DecidedAppend append = log.Append(batch);
        if (append.Error == ErrorCode.None)
        {
            replay(append.BaseOffset);
            End = append.End;
        }

        return append.Error;
    }

    /// <summary>Gives a response when everything decided so far is committed.</summary>
    /// <param name="request">Who waits.</param>
    /// <param name="response">The response.</param>
    /// <param name="wrote">True when its own decision has appended records.</param>
    /// <param name="deadlineMs">When it is given up, in monotonic milliseconds; not before that of an earlier one.</param>
    public void Respond(PendingDecision request, object response, bool wrote, long deadlineMs = long.MaxValue) =>
        _responses.Enqueue(new Response(End, deadlineMs, request, response, wrote));

    /// <summary>
    /// Does something outside of the state when everything decided so far is committed; never when the leadership ends before.
    /// </summary>
    public void WhenCommitted(Action effect) => _effects.Enqueue((End, effect));

    /// <summary>Carries out and responds what is due.</summary>
    /// <param name="nowMs">The time.</param>
    /// <param name="late">The error for those whose deadline has passed: their decision is in the log, and may still be committed.</param>
    /// <returns>None, or why the leadership is over; then nothing was done.</returns>
    public ErrorCode Release(long nowMs, ErrorCode late)
    {
        ErrorCode over = log.TryGetCommitted(out Offset committed);
        if (over != ErrorCode.None)
        {
            return over;
        }

        while (_effects.TryPeek(out (Offset End, Action Effect) next) && next.End <= committed)
        {
            _effects.Dequeue();
            next.Effect();
        }

        while (_responses.TryPeek(out Response first) && (first.End <= committed || first.DeadlineMs <= nowMs))
        {
            _responses.Dequeue();
            if (first.End <= committed)
            {
                first.Request.Respond(first.Content);
            }
            else
            {
                first.Request.Reject(late);
            }
        }

        return ErrorCode.None;
    }

    /// <summary>The leadership is over: nothing that was held back may leave any more.</summary>
    /// <param name="read">The error for those whose decision wrote nothing.</param>
    /// <param name="written">The error for those whose decision is in the log, where the next leader may find it, or not.</param>
    public void Abandon(ErrorCode read, ErrorCode written)
    {
        _effects.Clear();
        while (_responses.TryDequeue(out Response each))
        {
            each.Request.Reject(each.Wrote ? written : read);
        }
    }

    private readonly record struct Response(Offset End, long DeadlineMs, PendingDecision Request, object Content, bool Wrote);
}
