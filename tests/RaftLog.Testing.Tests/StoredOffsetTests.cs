using RaftLog.Client;
using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using static RaftLog.Testing.Tests.EmbeddedClusterTests;

namespace RaftLog.Testing.Tests;

/// <summary>Handlers that end on many threads while more records come.</summary>
public class StoredOffsetTests(FixtureTests.OneNode fixture) : IClassFixture<FixtureTests.OneNode>
{
    private const int Partitions = 3;
    private const int Rounds = 1500;
    private const int Records = 8;

    /// <summary>
    /// What the last handler has done must not be overwritten by a fetch that was taken over before, and handing out records must not wait
    /// for handlers that wait for it.
    /// </summary>
    [Fact]
    [Trait("Category", "Slow")]
    public async Task What_handlers_have_done_is_stored_whatever_comes_meanwhile()
    {
        KafkaCluster cluster = fixture.Cluster.Client;
        await CreateAsync(cluster, "stored", Partitions);
        await using Producer producer = cluster.CreateProducer();
        using Consumer consumer = cluster.CreateConsumer();
        TopicPartition[] partitions = [.. Enumerable.Range(0, Partitions).Select(static index => new TopicPartition("stored", index))];
        consumer.Assign(partitions.ToDictionary(static each => each, static _ => StartAt.Beginning));
        using CancellationTokenSource stop = new();
        Task processing = consumer.ProcessAsync(
            static async (_, _) => await Task.Yield(),
            new ProcessingOptions { Order = ProcessingOrder.Key },
            stop.Token
        );
        for (int round = 1; round <= Rounds; round++)
        {
            for (int i = 0; i < Records * Partitions; i++)
            {
                await producer.EnqueueAsync("stored", new ProducerRecord([(byte)i], [1]) { Partition = i % Partitions });
            }

            Offset end = new(round * Records);
            Task<bool> stored = Task.Run(() => SpinWait.SpinUntil(() => IsStored(end), Poll.Patience));
            Assert.True(await stored.WaitAsync(Poll.Patience + Poll.Patience), $"round {round} is not stored");
        }

        await stop.CancelAsync();
        await processing;

        bool IsStored(Offset end) => Array.TrueForAll(partitions, each => consumer.StoredOffset(each) == end);
    }
}
