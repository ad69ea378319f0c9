using Confluent.Kafka;

namespace RaftLog.Interop.Clients.Confluent;

/// <summary>
/// Copies a topic to another one with transactions. Each holds up to 500 records and the positions of the group that reads them; every
/// fifth one is aborted and its records are read again. Says a line a transaction, and ends when all records are copied. What it is about
/// to do goes to standard error, for who wonders why it stands still.
/// </summary>
internal sealed class ConfluentTransformer(string bootstrap, string id, string from, string to)
{
    private const int MostRecords = 500;
    private const int AbortEvery = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>
    /// A call that has not come back by now never does: SendOffsetsToTransaction of librdkafka 2.16 stands still for ever, whatever time it
    /// is given, where the group's coordinator has left the cluster's metadata before it was asked for again (librdkafka#5511).
    /// </summary>
    private static readonly TimeSpan Never = Patience + TimeSpan.FromSeconds(10);

    /// <summary>Copies this many records.</summary>
    public void Run(int count)
    {
        using IConsumer<string, string> consumer = Subscribed();
        IProducer<string, string> producer = Begun();
        for (int copied = 0, turn = 1; copied < count; )
        {
            List<ConsumeResult<string, string>> batch = Batch(consumer);
            if (batch.Count == 0)
            {
                Note(
                    $"nothing to read in {string.Join(", ", consumer.Assignment.Select(each => $"{each} from {consumer.Position(each)}"))}"
                );
                continue;
            }

            try
            {
                Send(producer, consumer, batch);
                if (turn++ % AbortEvery == 0)
                {
                    Note("aborts");
                    Repeat(() => producer.AbortTransaction(Patience));
                    Console.WriteLine("aborted");
                    Rewind(consumer);
                    continue;
                }

                Note("commits");
                Repeat(() => producer.CommitTransaction(Patience));
                copied += batch.Count;
                Console.WriteLine($"committed {batch.Count}");
            }
            catch (Exception e) when (e is KafkaException or TimeoutException)
            {
                Note("begins anew");
                Console.WriteLine($"failed {e.Message}");

                // The next producer of this name ends what one that stands still has begun. That is left alone: its end would wait.
                producer = e is KafkaException failure ? Recovered(producer, failure) : Begun();
                Rewind(consumer);
                copied = Committed(consumer);
            }
        }

        producer.Dispose();
        consumer.Close();
    }

    private static void Note(string what) => Console.Error.WriteLine($"{DateTime.UtcNow:HH:mm:ss.fff} {what}");

    private static List<ConsumeResult<string, string>> Batch(IConsumer<string, string> consumer)
    {
        List<ConsumeResult<string, string>> batch = [];
        while (batch.Count < MostRecords && consumer.Consume(batch.Count == 0 ? 1_000 : 0) is { } record)
        {
            batch.Add(record);
        }

        return batch;
    }

    private static void Rewind(IConsumer<string, string> consumer)
    {
        foreach (TopicPartitionOffset place in consumer.Committed(consumer.Assignment, Patience))
        {
            consumer.Seek(new TopicPartitionOffset(place.TopicPartition, Math.Max(place.Offset.Value, 0)));
        }
    }

    private static void Repeat(Action call)
    {
        while (true)
        {
            try
            {
                Task called = Task.Factory.StartNew(call, TaskCreationOptions.LongRunning);
                if (((IAsyncResult)called).AsyncWaitHandle.WaitOne(Never))
                {
                    called.GetAwaiter().GetResult();
                    return;
                }

                throw new TimeoutException("a call of the client does not come back");
            }
            catch (KafkaRetriableException e)
            {
                // The same call goes on where it was.
                Note($"repeats that: {e.Error}");
            }
        }
    }

    private void Send(IProducer<string, string> producer, IConsumer<string, string> consumer, List<ConsumeResult<string, string>> batch)
    {
        producer.BeginTransaction();
        foreach (ConsumeResult<string, string> record in batch)
        {
            producer.Produce(to, record.Message);
        }

        TopicPartitionOffset[] positions =
        [
            .. batch.GroupBy(record => record.TopicPartition).Select(each => new TopicPartitionOffset(each.Key, each.Last().Offset + 1)),
        ];
        Note("sends positions");
        Repeat(() => producer.SendOffsetsToTransaction(positions, consumer.ConsumerGroupMetadata, Patience));
    }

    private IProducer<string, string> Recovered(IProducer<string, string> producer, KafkaException failure)
    {
        if (failure is KafkaTxnRequiresAbortException)
        {
            Repeat(() => producer.AbortTransaction(Patience));
            return producer;
        }

        producer.Dispose();
        return Begun();
    }

    private IProducer<string, string> Begun()
    {
        IProducer<string, string> producer = new ProducerBuilder<string, string>(
            new ProducerConfig
            {
                BootstrapServers = bootstrap,
                TransactionalId = id,
                TransactionTimeoutMs = 30_000,
            }
        ).Build();
        Repeat(() => producer.InitTransactions(Patience));
        return producer;
    }

    private IConsumer<string, string> Subscribed()
    {
        IConsumer<string, string> consumer = new ConsumerBuilder<string, string>(
            new ConsumerConfig
            {
                BootstrapServers = bootstrap,
                GroupId = id,
                IsolationLevel = IsolationLevel.ReadCommitted,
                AutoOffsetReset = AutoOffsetReset.Earliest,
                EnableAutoCommit = false,
            }
        ).Build();
        consumer.Subscribe(from);
        return consumer;
    }

    // Of all partitions, since the assignment is empty while the group finds its new coordinator. Offsets are dense: the input has no
    // markers.
    private int Committed(IConsumer<string, string> consumer)
    {
        using IAdminClient admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        IEnumerable<TopicPartition> all = admin
            .GetMetadata(from, Patience)
            .Topics[0]
            .Partitions.Select(each => new TopicPartition(from, each.PartitionId));
        return (int)consumer.Committed(all, Patience).Sum(place => Math.Max(place.Offset.Value, 0));
    }
}
