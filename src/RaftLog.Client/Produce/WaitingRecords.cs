using RaftLog.Client.Connections;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>
/// Records that cannot be appended at once: they wait for memory, for metadata, or for those of their topic that came before. None waits
/// longer than <see cref="ProducerOptions.MaxBlock"/>.
/// </summary>
internal sealed class WaitingRecords(
    ProducerOptions options,
    ClientRuntime runtime,
    BufferBudget budget,
    TopicLanes lanes,
    RecordAppender appender
)
{
    private readonly CancellationTokenSource _ended = new();

    /// <summary>Takes memory for a record.</summary>
    /// <exception cref="KafkaException">There was none in time.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public ValueTask TakeMemoryAsync(long size, CancellationToken cancel) =>
        TakeMemoryAsync(size, new CallDeadline(runtime.Waiters, options.MaxBlock, cancel));

    /// <summary>Appends a record when its turn has come.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="lane">The way into it.</param>
    /// <param name="record">The record.</param>
    /// <param name="size">The bytes that it takes.</param>
    /// <param name="transaction">The transaction that it belongs to.</param>
    /// <param name="holdsMemory">True when its memory is taken already. It is given back where the record is not appended.</param>
    /// <param name="end">Hears of its end.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="KafkaException">It was not appended.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask AppendAsync(
        string topic,
        TopicLane lane,
        ProducerRecord record,
        long size,
        long transaction,
        bool holdsMemory,
        RecordEnd end,
        CancellationToken cancel
    )
    {
        using CancellationTokenSource? linked = cancel.CanBeCanceled
            ? CancellationTokenSource.CreateLinkedTokenSource(cancel, _ended.Token)
            : null;
        CancellationToken givenUp = linked?.Token ?? _ended.Token;
        CallDeadline deadline = new(runtime.Waiters, options.MaxBlock, givenUp);
        (Task turn, TaskCompletionSource done) = lane.Enter();
        try
        {
            // Before the turn: whoever is behind may hold memory, and must not keep it from whoever is in front.
            if (!holdsMemory)
            {
                await TakeMemoryAsync(size, deadline);
            }

            holdsMemory = true;
            if (!turn.IsCompleted && !await HasComeAsync(turn, deadline))
            {
                throw ProducerErrors.Closed();
            }

            givenUp.ThrowIfCancellationRequested();
            ProducerTopic known = await lanes.LearnAsync(topic, lane, deadline);
            if (!RecordAppender.IsIn(known, record))
            {
                throw ProducerErrors.NoPartition(known, record.Partition);
            }

            bool appended = appender.TryAppend(known, record, size, transaction, end, out KafkaException? wrong);
            if (wrong is not null)
            {
                throw wrong;
            }

            Invariant.Holds(appended, "C-03", "a topic's queues were closed by another than the one whose turn it is");
            holdsMemory = false;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw ProducerErrors.Closed();
        }
        finally
        {
            if (holdsMemory)
            {
                budget.Return(size);
            }

            _ = LeaveAsync(lane, turn, done);
        }
    }

    /// <summary>Waits until all that wait now have been appended or have failed; false when the time is over first.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<bool> HavePassedAsync(CallDeadline deadline)
    {
        foreach (TopicLane lane in lanes.All)
        {
            if (lane.IsFree)
            {
                continue;
            }

            Wait passed = runtime.Waiters.Rent(deadline.Remaining);
            runtime.Supervisor.Run("flush", () => PassAsync(lane, passed));
            if (await deadline.OutcomeAsync(passed) != WaitOutcome.Ready)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The producer is closed: nobody waits any more.</summary>
    public void End() => _ended.Cancel();

    private async ValueTask TakeMemoryAsync(long size, CallDeadline deadline)
    {
        if (!await budget.TakeAsync(size, deadline))
        {
            throw ProducerErrors.NoRoomInTime(options);
        }
    }

    /// <summary>Takes a turn in a lane: those before have had theirs.</summary>
    private static async Task PassAsync(TopicLane lane, Wait passed)
    {
        (Task turn, TaskCompletionSource done) = lane.Enter();
        await LeaveAsync(lane, turn, done);
        passed.TryComplete(WaitOutcome.Ready);
    }

    /// <summary>Waits for a turn; false when the client is closed first.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    private async ValueTask<bool> HasComeAsync(Task turn, CallDeadline deadline)
    {
        Wait come = runtime.Waiters.Rent(Timeout.InfiniteTimeSpan);
        _ = EndAsync(turn, come);
        return await deadline.OutcomeAsync(come) == WaitOutcome.Ready;
    }

    private static async Task EndAsync(Task turn, Wait come)
    {
        await turn;
        come.TryComplete(WaitOutcome.Ready);
    }

    /// <summary>Gives the turn to the next, though not before it has come.</summary>
    private static async Task LeaveAsync(TopicLane lane, Task turn, TaskCompletionSource done)
    {
        await turn;
        lane.Leave(done);
    }
}
