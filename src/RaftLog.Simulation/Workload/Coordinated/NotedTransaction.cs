using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>A transaction of the shipped client, of which the checkers are told all.</summary>
internal sealed class NotedTransaction(
    SimScheduler scheduler,
    int maxFill,
    TransactionLog log,
    int session,
    ClientTransaction noted,
    Transaction transaction
) : IAsyncDisposable
{
    /// <summary>Sends a record without waiting for it.</summary>
    /// <param name="partition">Where to.</param>
    /// <param name="amount">What it adds to the sum of its topic.</param>
    /// <param name="source">The record that it was made from, or null.</param>
    internal void Send(TopicPartition partition, long amount = 0, (TopicPartition, Offset)? source = null)
    {
        SentRecord sent = new(session, partition, log.NextValue(), SendOutcome.Rejected, Offset.None)
        {
            InvokedUs = scheduler.NowUs,
            Transaction = noted.Number,
            Amount = amount,
            Source = source,
        };
        log.Add(sent);
        ProducerRecord record = new(null, Payload.Write(sent.Value, maxFill)) { Partition = partition.Partition };
        _ = NoteAsync(sent, transaction.ProduceAsync(partition.Topic, record));
    }

    /// <summary>Commits how far a group has read with it.</summary>
    /// <exception cref="KafkaException">It must be aborted.</exception>
    internal ValueTask SendOffsetsAsync(ConsumerGroupMetadata member, TopicPartition partition, Offset next) =>
        transaction.SendOffsetsAsync(member, new SortedDictionary<TopicPartition, Offset> { [partition] = next });

    /// <summary>Commits.</summary>
    /// <exception cref="KafkaException">It must be aborted, the producer is fenced, or nobody knows.</exception>
    internal async Task CommitAsync()
    {
        ClientTransaction committing = noted with { CommitInvokedUs = scheduler.NowUs, Outcome = SendOutcome.Unknown };
        log.Update(committing);
        await transaction.CommitAsync();
        log.Update(committing with { Outcome = SendOutcome.Acknowledged, CompletedUs = scheduler.NowUs });
    }

    /// <summary>Aborts.</summary>
    internal ValueTask AbortAsync() => transaction.AbortAsync();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => transaction.DisposeAsync();

    private async Task NoteAsync(SentRecord sent, ValueTask<ProduceResult> produced)
    {
        try
        {
            ProduceResult result = await produced;
            log.Place(sent with { Offset = result.Offset, CompletedUs = scheduler.NowUs });
        }
        catch (KafkaException)
        {
            // The end of its transaction says what became of it.
        }
    }
}
