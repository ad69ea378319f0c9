using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Groups;
using RaftLog.Client.Hosting;
using RaftLog.Client.Produce;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;

namespace RaftLog.Differential.Tests.Clients;

/// <summary>Handlers of the .NET client with Apache Kafka and with RaftLog: in a host with retries, and in parallel.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class HandlerTests(BothNodes nodes)
{
    private const int Keys = 10;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [KafkaTheory]
    [InlineData(true, GroupProtocol.Classic)]
    [InlineData(true, GroupProtocol.Consumer)]
    [InlineData(false, GroupProtocol.Classic)]
    [InlineData(false, GroupProtocol.Consumer)]
    public async Task A_record_that_fails_in_a_host_goes_through_its_retry_topic_to_the_dead_letters(bool isKafka, GroupProtocol protocol)
    {
        using KafkaCluster cluster = new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers(Bootstrap(isKafka)) });
        string topic = await CreateAsync(cluster, 2, "", "-retry", "-dead");
        Seen seen = new();
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder
            .Services.AddSingleton(seen)
            .AddRaftLog(Bootstrap(isKafka))
            .AddRaftLogConsumer<FailingHandler>(
                new ConsumerServiceOptions
                {
                    Topics = [topic],
                    Consumer = new ConsumerOptions
                    {
                        GroupId = topic,
                        GroupProtocol = protocol,
                        OffsetReset = OffsetReset.Earliest,
                    },
                    Retry = new RetryOptions
                    {
                        Attempts = 2,
                        FirstPause = TimeSpan.FromMilliseconds(1),
                        Topics = [new RetryTopic(topic + "-retry", TimeSpan.FromMilliseconds(100))],
                        DeadLetterTopic = topic + "-dead",
                    },
                }
            );
        using IHost host = builder.Build();
        await host.StartAsync();
        await ProduceAsync(cluster, topic, 0, Keys);

        List<ConsumedRecord> dead = await ReadAsync(cluster, topic + "-dead", 1);
        await Poll.UntilAsync("the others are handled", () => seen.Values.Distinct().Count() == Keys);
        await host.StopAsync();

        Assert.Equal("7", Encoding.ASCII.GetString(dead[0].Value!));
        Assert.Equal(topic, HeaderOf(dead[0], FailureHeaders.OriginalTopic));
        Assert.Equal("cannot handle 7", HeaderOf(dead[0], FailureHeaders.ErrorMessage));
        Assert.Equal("4", HeaderOf(dead[0], FailureHeaders.Attempts));
        Assert.Equal(4, seen.Values.Count(static value => value == 7));
        Assert.All(Enumerable.Range(0, Keys).Where(static value => value != 7), value => Assert.Single(seen.Values, value));
        IReadOnlyDictionary<TopicPartition, GroupOffset> committed = await cluster.Admin.Groups.OffsetsAsync(topic);
        Assert.Equal(Keys, committed.Where(each => each.Key.Topic == topic).Sum(static each => each.Value.Offset.Value));
    }

    [KafkaTheory]
    [InlineData(true, ProcessingOrder.Key)]
    [InlineData(true, ProcessingOrder.Partition)]
    [InlineData(false, ProcessingOrder.Key)]
    [InlineData(false, ProcessingOrder.Partition)]
    public async Task Handlers_in_parallel_keep_the_order_of_keys_and_commit_what_is_done(bool isKafka, ProcessingOrder order)
    {
        const int Records = 300;
        using KafkaCluster cluster = new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers(Bootstrap(isKafka)) });
        string topic = await CreateAsync(cluster, 3, "");
        await ProduceAsync(cluster, topic, 0, Records);
        Seen seen = new();
        using CancellationTokenSource stop = new();
        await using (
            Consumer consumer = cluster.CreateConsumer(new ConsumerOptions { GroupId = topic, OffsetReset = OffsetReset.Earliest })
        )
        {
            consumer.Subscribe([topic]);
            Task processing = consumer.ProcessAsync(
                async (record, _) =>
                {
                    await Task.Yield();
                    seen.Add(int.Parse(Encoding.ASCII.GetString(record.Value!)));
                },
                new ProcessingOptions { Order = order, MaxConcurrency = 8 },
                stop.Token
            );
            await Poll.UntilAsync("all are handled", () => seen.Values.Count == Records || processing.IsFaulted);
            await stop.CancelAsync();
            await processing;
        }

        Assert.Equal(Enumerable.Range(0, Records), seen.Values.Order());
        Assert.All(seen.Values.GroupBy(static value => value % Keys), static key => Assert.Equal(key.Order(), key));
        Assert.Equal(Records, (await cluster.Admin.Groups.OffsetsAsync(topic)).Values.Sum(static each => each.Offset.Value));
    }

    private string Bootstrap(bool isKafka) => $"127.0.0.1:{(isKafka ? nodes.Kafka : nodes.Subject).Port}";

    private static async Task<string> CreateAsync(KafkaCluster cluster, int partitions, params string[] endings)
    {
        string topic = $"handled-{Guid.NewGuid():N}";
        Assert.All(
            await cluster.Admin.CreateTopicsAsync([
                .. endings.Select(each => new NewTopic(topic + each, each.Length == 0 ? partitions : 1, 1)),
            ]),
            static result => result.ThrowIfFailed()
        );
        return topic;
    }

    private static async Task ProduceAsync(KafkaCluster cluster, string topic, int first, int count)
    {
        await using Producer producer = cluster.CreateProducer();
        for (int i = first; i < first + count; i++)
        {
            _ = producer.ProduceAsync(topic, new ProducerRecord(Encoding.ASCII.GetBytes($"k{i % Keys}"), Encoding.ASCII.GetBytes($"{i}")));
        }

        await producer.FlushAsync();
    }

    private static async Task<List<ConsumedRecord>> ReadAsync(KafkaCluster cluster, string topic, int count)
    {
        using Consumer consumer = cluster.CreateConsumer();
        consumer.Assign(new TopicPartition(topic, 0), StartAt.Beginning);
        using CancellationTokenSource patience = new(Patience);
        List<ConsumedRecord> read = [];
        await foreach (ConsumedRecord record in consumer.ConsumeAsync(patience.Token))
        {
            read.Add(record);
            if (read.Count == count)
            {
                return read;
            }
        }

        throw new TimeoutException($"{read.Count} of {count} records have come to {topic}");
    }

    private static string? HeaderOf(ConsumedRecord record, string name) =>
        record
            .Headers.Where(header => header.Key == name)
            .Select(static header => Encoding.UTF8.GetString(header.Value!.Value.Span))
            .SingleOrDefault();

    private sealed class Seen
    {
        private readonly ConcurrentQueue<int> _values = new();

        public IReadOnlyCollection<int> Values => _values;

        public void Add(int value) => _values.Enqueue(value);
    }

    private sealed class FailingHandler(Seen seen) : IRecordHandler
    {
        public ValueTask HandleAsync(ConsumedRecord record, CancellationToken cancel)
        {
            int value = int.Parse(Encoding.ASCII.GetString(record.Value!));
            seen.Add(value);
            return value == 7 ? throw new InvalidOperationException($"cannot handle {value}") : ValueTask.CompletedTask;
        }
    }
}
