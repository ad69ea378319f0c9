namespace RaftLog.Client.Produce;

/// <summary>Records that nobody awaits: a callback hears of their end, or nobody does.</summary>
internal sealed class CallbackRecords(
    ProducerOptions options,
    ProducerGate gate,
    BufferBudget budget,
    TopicLanes lanes,
    RecordAppender appender,
    WaitingRecords waiting,
    AwaitedRecords awaited,
    ObservedRecords observed
)
{
    /// <summary>Takes a record and returns at once.</summary>
    /// <exception cref="KafkaException">It is not taken.</exception>
    public void Take(string topic, in ProducerRecord record, Action<ProduceResult, Exception?>? delivered)
    {
        long size = ProducerGate.SizeOf(record);
        if (gate.WhyNot(topic, size, out long transaction) is { } reason)
        {
            throw reason;
        }

        if (!budget.TryTake(size))
        {
            throw ProducerErrors.NoRoom(options, "now; await ProduceAsync or FlushAsync");
        }

        if (observed.HasObservers)
        {
            TakeObserved(topic, record, size, delivered);
            return;
        }

        TopicLane lane = lanes.Of(topic);
        RecordEnd end = new(delivered, record.Partition is not null);
        if (appender.TryAppend(lane, record, size, transaction, end, out KafkaException? wrong))
        {
            return;
        }

        if (wrong is not null)
        {
            budget.Return(size);
            throw wrong;
        }

        _ = RecordEnd.TellAsync(
            awaited.WaitAsync(topic, lane, record.Copy(), size, transaction, holdsMemory: true, CancellationToken.None),
            delivered
        );
    }

    /// <summary>Takes a record, and waits for room only.</summary>
    public ValueTask TakeAsync(
        string topic,
        in ProducerRecord record,
        Action<ProduceResult, Exception?>? delivered,
        CancellationToken cancel
    )
    {
        long size = ProducerGate.SizeOf(record);
        KafkaException? reason = gate.WhyNot(topic, size, out long transaction);
        if (reason is not null)
        {
            return ValueTask.FromException(reason);
        }

        if (cancel.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancel);
        }

        if (observed.HasObservers)
        {
            return TakeObservedAsync(topic, record, size, delivered, cancel);
        }

        TopicLane lane = lanes.Of(topic);
        RecordEnd end = new(delivered, record.Partition is not null);
        bool holdsMemory = lane.IsFree && budget.TryTake(size);
        if (holdsMemory && appender.TryAppend(lane, record, size, transaction, end, out reason))
        {
            return ValueTask.CompletedTask;
        }

        if (reason is null)
        {
            return waiting.AppendAsync(topic, lane, record, size, transaction, holdsMemory, end, cancel);
        }

        budget.Return(size);
        return ValueTask.FromException(reason);
    }

    private async ValueTask TakeObservedAsync(
        string topic,
        ProducerRecord record,
        long size,
        Action<ProduceResult, Exception?>? delivered,
        CancellationToken cancel
    )
    {
        await waiting.TakeMemoryAsync(size, cancel);
        TakeObserved(topic, record, size, delivered);
    }

    private void TakeObserved(string topic, in ProducerRecord record, long size, Action<ProduceResult, Exception?>? delivered) =>
        _ = RecordEnd.TellAsync(observed.HandOverAsync(topic, record, borrowsBytes: true, CancellationToken.None, size), delivered);
}
