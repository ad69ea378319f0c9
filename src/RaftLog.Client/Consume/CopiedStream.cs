using System.Runtime.CompilerServices;

namespace RaftLog.Client.Consume;

/// <summary>What a consumer reads as copies, one record or one batch after the other, without an end.</summary>
internal sealed class CopiedStream(ConsumerReader reader)
{
    /// <inheritdoc cref="Consumer.ConsumeAsync"/>
    public async IAsyncEnumerable<ConsumedRecord> RecordsAsync([EnumeratorCancellation] CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            if (await reader.CopyNextAsync(cancel) is not { } copied)
            {
                continue;
            }

            try
            {
                while (copied.Take(1) is [var record])
                {
                    yield return record;
                    copied.Read(1);
                }
            }
            finally
            {
                reader.End(copied);
            }
        }
    }

    /// <inheritdoc cref="Consumer.ConsumeBatchesAsync"/>
    public async IAsyncEnumerable<IReadOnlyList<ConsumedRecord>> BatchesAsync(
        int maxRecords,
        [EnumeratorCancellation] CancellationToken cancel
    )
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRecords, 1);
        while (!cancel.IsCancellationRequested)
        {
            if (await reader.CopyNextAsync(cancel) is not { } copied)
            {
                continue;
            }

            try
            {
                while (copied.Take(maxRecords) is { Count: > 0 } batch)
                {
                    yield return batch;
                    copied.Read(batch.Count);
                }
            }
            finally
            {
                reader.End(copied);
            }
        }
    }
}
