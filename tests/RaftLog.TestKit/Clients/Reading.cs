using RaftLog.Client.Consume;

namespace RaftLog.TestKit;

/// <summary>Reads what a test waits for.</summary>
public static class Reading
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The next so many records of a consumer; fewer where they do not come.</summary>
    public static async Task<List<ConsumedRecord>> TakeAsync(this Consumer consumer, int count)
    {
        List<ConsumedRecord> read = [];
        using CancellationTokenSource patience = new(Patience);
        await foreach (ConsumedRecord record in consumer.ConsumeAsync(patience.Token))
        {
            read.Add(record);
            if (read.Count == count)
            {
                break;
            }
        }

        return read;
    }
}
