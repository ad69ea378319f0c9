using Microsoft.Extensions.Logging;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;

namespace RaftLog.Client.Hosting;

/// <summary>Calls a handler again when it fails, and then passes the record on to the next retry topic or to the dead letters.</summary>
internal sealed class RetryingHandler(
    string group,
    RetryOptions options,
    Func<ConsumedRecord, CancellationToken, ValueTask> handler,
    Producer? producer,
    TimeProvider time,
    ILogger logger,
    EventBound failedAttempts,
    CancellationToken stop
)
{
    /// <summary>Handles a record; it is done, or passed on, when this ends.</summary>
    /// <exception cref="Exception">What the last attempt threw, where the record cannot be passed on.</exception>
    public async ValueTask HandleAsync(ConsumedRecord record, CancellationToken cancel)
    {
        if (FailedRecord.WaitOf(record, time.GetUtcNow()) is var wait && wait > TimeSpan.Zero)
        {
            await PauseAsync(wait, cancel);
        }

        int before = FailedRecord.AttemptsOf(record);
        TimeSpan pause = options.FirstPause;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await handler(record, cancel);
                return;
            }
            catch (Exception e) when (!cancel.IsCancellationRequested)
            {
                Log(record, e, attempt);
                if (attempt == options.Attempts)
                {
                    if (!await TryPassOnAsync(record, e, before + attempt, cancel))
                    {
                        throw;
                    }

                    return;
                }
            }

            await PauseAsync(pause, cancel);
            pause = pause * 2 < options.LongestPause ? pause * 2 : options.LongestPause;
        }
    }

    private void Log(ConsumedRecord record, Exception failure, int attempt)
    {
        if (!failedAttempts.TryPass(out int leftOut))
        {
            return;
        }

        if (leftOut > 0)
        {
            logger.AttemptsLeftOut(group, leftOut);
        }

        logger.HandlerAttemptFailed(failure, record.Partition.ToString(), record.Offset.Value, attempt, options.Attempts);
    }

    /// <summary>A record that only waits does not hold up the end of the host.</summary>
    private async ValueTask PauseAsync(TimeSpan pause, CancellationToken cancel)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancel, stop);
        await Task.Delay(pause, time, either.Token);
    }

    private async ValueTask<bool> TryPassOnAsync(ConsumedRecord record, Exception failure, int attempts, CancellationToken cancel)
    {
        if (producer is null || FailedRecord.NextTopic(options, record.Partition.Topic, out TimeSpan delay) is not { } topic)
        {
            return false;
        }

        ProducerRecord passed = FailedRecord.Describe(record, group, failure, attempts, time.GetUtcNow() + delay);
        await producer.ProduceAsync(topic, passed, cancel);
        logger.RecordPassedOn(record.Partition.ToString(), record.Offset.Value, topic, attempts);
        return true;
    }
}
