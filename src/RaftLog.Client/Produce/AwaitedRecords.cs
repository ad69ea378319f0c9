namespace RaftLog.Client.Produce;

/// <summary>Records whose end somebody awaits.</summary>
internal sealed class AwaitedRecords(
    ProducerGate gate,
    BufferBudget budget,
    TopicLanes lanes,
    RecordAppender appender,
    WaitingRecords waiting
)
{
    private readonly CompletionPool _completions = new();

    /// <summary>Hands a record over; completes when it is acknowledged.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="record">The record.</param>
    /// <param name="borrowsBytes">True when the record's bytes may change once this has returned.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="held">The bytes of memory that are taken for the record already.</param>
    public ValueTask<ProduceResult> HandOverAsync(
        string topic,
        in ProducerRecord record,
        bool borrowsBytes,
        CancellationToken cancel,
        long held
    )
    {
        long size = ProducerGate.SizeOf(record);
        if (held != size)
        {
            // Whoever has watched it has changed it.
            budget.Return(held);
            held = 0;
        }

        KafkaException? reason = gate.WhyNot(topic, size, out long transaction);
        if (reason is null && !cancel.IsCancellationRequested)
        {
            TopicLane lane = lanes.Of(topic);
            if (held == 0 && lane.IsFree && budget.TryTake(size))
            {
                held = size;
            }

            if (held == size)
            {
                RecordCompletion completion = _completions.Rent();
                ValueTask<ProduceResult> task = completion.Task;
                RecordEnd end = new(completion, record.Partition is not null);
                if (appender.TryAppend(lane, record, size, transaction, end, out reason))
                {
                    completion.EndWith(cancel);
                    return task;
                }

                _completions.Return(completion);
            }

            if (reason is null)
            {
                bool holdsMemory = held == size;
                return WaitAsync(topic, lane, borrowsBytes ? record.Copy() : record, size, transaction, holdsMemory, cancel);
            }
        }

        budget.Return(held);
        return reason is not null ? ValueTask.FromException<ProduceResult>(reason) : ValueTask.FromCanceled<ProduceResult>(cancel);
    }

    /// <summary>The same for a record that cannot be appended at once, and whose bytes stay.</summary>
    public async ValueTask<ProduceResult> WaitAsync(
        string topic,
        TopicLane lane,
        ProducerRecord record,
        long size,
        long transaction,
        bool holdsMemory,
        CancellationToken cancel
    )
    {
        RecordCompletion completion = _completions.Rent();
        ValueTask<ProduceResult> acknowledged = completion.Task;
        try
        {
            RecordEnd end = new(completion, record.Partition is not null);
            await waiting.AppendAsync(topic, lane, record, size, transaction, holdsMemory, end, cancel);
        }
        catch (Exception)
        {
            _completions.Return(completion);
            throw;
        }

        completion.EndWith(cancel);
        return await acknowledged;
    }
}
