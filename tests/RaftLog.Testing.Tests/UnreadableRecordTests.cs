using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Produce;
using RaftLog.Client.Serialization;
using RaftLog.Protocol;

namespace RaftLog.Testing.Tests;

/// <summary>A record that a deserializer cannot read is neither passed over nor committed, however it is read.</summary>
[Trait("Category", "Slow")]
public class UnreadableRecordTests
{
    private const string Topic = "numbers";
    private const string Group = "readers";

    [Fact]
    public async Task One_by_one_the_records_before_it_are_committed_and_reading_goes_on_at_it()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await using (Consumer<byte[], int> consumer = Join(cluster))
        {
            List<int> seen = [];
            for (int attempt = 0; attempt < 2; attempt++)
            {
                await Assert.ThrowsAsync<RecordSerializationException>(async () =>
                {
                    await foreach (ConsumedRecord<byte[], int> record in consumer.ConsumeAsync())
                    {
                        seen.Add(record.Value);
                    }
                });
            }

            Assert.Equal([1], seen);
            Assert.Equal(new Offset(1), consumer.Inner.Position(new TopicPartition(Topic, 0)));
        }

        Assert.Equal(new Offset(1), await CommittedAsync(cluster));
    }

    [Fact]
    public async Task In_batches_nothing_of_its_batch_is_committed()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await using (Consumer<byte[], int> consumer = Join(cluster))
        {
            await Assert.ThrowsAsync<RecordSerializationException>(async () =>
            {
                await foreach (IReadOnlyList<ConsumedRecord<byte[], int>> _ in consumer.ConsumeBatchesAsync()) { }
            });
        }

        Assert.Equal(Offset.Zero, await CommittedAsync(cluster));
    }

    [Fact]
    public async Task By_handlers_the_records_before_it_are_committed()
    {
        await using EmbeddedCluster cluster = await StartAsync();
        await using (Consumer<byte[], int> consumer = Join(cluster))
        {
            await Assert.ThrowsAsync<RecordSerializationException>(() =>
                consumer.ProcessAsync(static (_, _) => default, new ProcessingOptions { MaxConcurrency = 1 })
            );
        }

        Assert.Equal(new Offset(1), await CommittedAsync(cluster));
    }

    /// <summary>A cluster with a topic of three records, of which the second is no number.</summary>
    private static async Task<EmbeddedCluster> StartAsync()
    {
        EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(
            new EmbeddedClusterOptions
            {
                Configuration = new SortedDictionary<string, string> { ["group.initial.rebalance.delay.ms"] = "0" },
            }
        );
        await EmbeddedClusterTests.CreateAsync(cluster.Client, Topic, partitions: 1);
        await using Producer producer = cluster.Client.CreateProducer();
        foreach (byte[] value in new byte[][] { [0, 0, 0, 1], [0, 2], [0, 0, 0, 3] })
        {
            await producer.ProduceAsync(Topic, new ProducerRecord(null, value));
        }

        return cluster;
    }

    private static Consumer<byte[], int> Join(EmbeddedCluster cluster)
    {
        Consumer<byte[], int> consumer = cluster.Client.CreateConsumer<byte[], int>(
            new ConsumerOptions { GroupId = Group, OffsetReset = OffsetReset.Earliest }
        );
        consumer.Subscribe([Topic]);
        return consumer;
    }

    /// <summary>Where the group goes on; at the beginning where nothing was committed.</summary>
    private static async Task<Offset> CommittedAsync(EmbeddedCluster cluster) =>
        (await cluster.Client.Admin.Groups.OffsetsAsync(Group)).TryGetValue(new TopicPartition(Topic, 0), out GroupOffset found)
            ? found.Offset
            : Offset.Zero;
}
