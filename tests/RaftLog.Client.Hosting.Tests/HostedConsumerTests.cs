using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Client.Groups;
using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Testing;

namespace RaftLog.Client.Hosting.Tests;

/// <summary>Producers and consumers as services of a host, over an embedded cluster.</summary>
public class HostedConsumerTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(1);

    [Fact]
    public async Task A_typed_producer_and_a_typed_handler_exchange_records()
    {
        await using EmbeddedCluster cluster = await StartAsync("orders");
        Seen seen = new();
        using IHost host = NewHost(
            cluster,
            services =>
                services
                    .AddSingleton(seen)
                    .AddRaftLogProducer<string, int>()
                    .AddRaftLogConsumer<NumberHandler, string, int>(Options("orders"))
        );
        await host.StartAsync();

        Producer<string, int> producer = host.Services.GetRequiredService<Producer<string, int>>();
        for (int i = 0; i < 10; i++)
        {
            await producer.ProduceAsync("orders", $"k{i}", i);
        }

        await seen.UntilAsync(10);
        await host.StopAsync();
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"k{i}={i}"), seen.Values.Order());
    }

    [Trait("Category", "Slow")]
    [Fact]
    public async Task A_host_starts_though_the_cluster_is_not_there_and_stops_in_time()
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddSingleton(new Seen());
        builder.Services.AddRaftLog("127.0.0.1:1").AddRaftLogConsumer<FailingHandler>(Options("t"));
        using IHost host = builder.Build();

        await host.StartAsync();
        await host.StopAsync();
    }

    [Fact]
    public async Task A_record_that_fails_goes_through_the_retry_topics_to_the_dead_letters_and_names_the_cause()
    {
        await using EmbeddedCluster cluster = await StartAsync("orders", "orders-retry", "orders-dead");
        Seen seen = new();
        using IHost host = NewHost(
            cluster,
            services =>
                services
                    .AddSingleton(seen)
                    .AddRaftLogConsumer<FailingHandler>(
                        Options("orders") with
                        {
                            Retry = new RetryOptions
                            {
                                Attempts = 2,
                                FirstPause = Soon,
                                Topics = [new RetryTopic("orders-retry", TimeSpan.FromMilliseconds(200))],
                                DeadLetterTopic = "orders-dead",
                            },
                        }
                    )
        );
        await host.StartAsync();
        await ProduceAsync(cluster, "orders", "bad", "good");

        ConsumedRecord dead = await ReadAsync(cluster, "orders-dead");
        await Poll.UntilAsync("the good record is handled", () => seen.Values.Contains("good"));
        await host.StopAsync();

        Assert.Equal("bad", Encoding.UTF8.GetString(dead.Value!));
        Assert.Equal(typeof(InvalidOperationException).FullName, Header(dead, FailureHeaders.ErrorType));
        Assert.Equal("cannot handle bad", Header(dead, FailureHeaders.ErrorMessage));
        Assert.Equal("orders", Header(dead, FailureHeaders.OriginalTopic));
        Assert.Equal("0", Header(dead, FailureHeaders.OriginalOffset));
        Assert.Equal("4", Header(dead, FailureHeaders.Attempts));
        Assert.Equal("g", Header(dead, FailureHeaders.Group));
        Assert.Equal(4, seen.Values.Count(value => value == "bad"));
        Assert.Equal(1, seen.Values.Count(value => value == "good"));
    }

    [Fact]
    public async Task A_record_that_fails_for_good_without_a_place_to_go_is_never_left_out()
    {
        await using EmbeddedCluster cluster = await StartAsync("orders");
        Seen seen = new();
        using IHost host = NewHost(
            cluster,
            services =>
                services
                    .AddSingleton(seen)
                    .AddRaftLogConsumer<FailingHandler>(
                        Options("orders") with
                        {
                            Retry = new RetryOptions { Attempts = 1 },
                            RestartPause = Soon,
                        }
                    )
        );
        await host.StartAsync();
        await ProduceAsync(cluster, "orders", "bad", "good");

        await seen.UntilAsync(3);
        ConsumersHealthCheck check = new(host.Services.GetServices<IHostedService>());
        await Poll.UntilAsync(
            "the health check fails",
            async () => (await check.CheckHealthAsync(new HealthCheckContext())).Status == HealthStatus.Unhealthy
        );
        await host.StopAsync();

        Assert.DoesNotContain("good", seen.Values);
        await using Consumer consumer = cluster.Client.CreateConsumer(new ConsumerOptions { GroupId = "g" });
        Offset committed = (await consumer.CommittedAsync([new TopicPartition("orders", 0)]))[new TopicPartition("orders", 0)];
        Assert.True(committed.Value <= 0, $"{committed} is committed, and nothing was handled");
    }

    [Fact]
    public async Task Stopping_waits_for_the_handlers_that_run_and_commits_what_they_have_done()
    {
        await using EmbeddedCluster cluster = await StartAsync("orders");
        Gate gate = new();
        using IHost host = NewHost(cluster, services => services.AddSingleton(gate).AddRaftLogConsumer<GatedHandler>(Options("orders")));
        await host.StartAsync();
        await ProduceAsync(cluster, "orders", "a", "b");
        await gate.Begun.Task.WaitAsync(TimeSpan.FromSeconds(30));

        Task stopping = host.StopAsync();
        Assert.False(stopping.IsCompleted);
        gate.Open.SetResult();
        await stopping;

        Assert.Equal(1, gate.Count);
        await using Consumer consumer = cluster.Client.CreateConsumer(new ConsumerOptions { GroupId = "g" });
        Assert.Equal(new Offset(1), (await consumer.CommittedAsync([new TopicPartition("orders", 0)]))[new TopicPartition("orders", 0)]);
    }

    [Fact]
    public async Task A_record_that_waits_for_its_next_attempt_does_not_hold_up_the_end_of_the_host()
    {
        await using EmbeddedCluster cluster = await StartAsync("orders");
        Seen seen = new();
        using IHost host = NewHost(
            cluster,
            services =>
                services
                    .AddSingleton(seen)
                    .AddRaftLogConsumer<FailingHandler>(
                        Options("orders") with
                        {
                            Retry = new RetryOptions { FirstPause = TimeSpan.FromHours(1), LongestPause = TimeSpan.FromHours(1) },
                            Processing = new ProcessingOptions { DrainTimeout = TimeSpan.FromHours(1) },
                        }
                    )
        );
        await host.StartAsync();
        await ProduceAsync(cluster, "orders", "bad");
        await seen.UntilAsync(1);

        await host.StopAsync();

        Assert.Equal(["bad"], seen.Values);
    }

    [Fact]
    public async Task The_health_check_fails_while_a_handler_does_not_end()
    {
        await using EmbeddedCluster cluster = await StartAsync("orders");
        Gate gate = new();
        using IHost host = NewHost(
            cluster,
            services =>
                services
                    .AddSingleton(gate)
                    .AddRaftLogConsumer<GatedHandler>(Options("orders") with { StuckAfter = TimeSpan.FromMilliseconds(200) })
        );
        await host.StartAsync();
        await ProduceAsync(cluster, "orders", "a");
        await gate.Begun.Task.WaitAsync(TimeSpan.FromSeconds(30));
        ConsumersHealthCheck check = new(host.Services.GetServices<IHostedService>());

        HealthCheckResult stuck = default;
        await Poll.UntilAsync(
            "the handler is stuck",
            async () => (stuck = await check.CheckHealthAsync(new HealthCheckContext())).Status == HealthStatus.Unhealthy
        );
        gate.Open.SetResult();
        await Poll.UntilAsync(
            "it is healthy again",
            async () => (await check.CheckHealthAsync(new HealthCheckContext())).Status == HealthStatus.Healthy
        );
        await host.StopAsync();

        Assert.Contains("a handler has run for", stuck.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_that_do_not_go_together_say_which_and_what_to_do()
    {
        ServiceCollection services = new();
        Assert.Contains(
            "Topics",
            Assert.Throws<ArgumentException>(() => services.AddRaftLogConsumer<FailingHandler>(new ConsumerServiceOptions())).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "group.id",
            Assert
                .Throws<ArgumentException>(() => services.AddRaftLogConsumer<FailingHandler>(new ConsumerServiceOptions { Topics = ["t"] }))
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "max.poll.interval.ms",
            Assert
                .Throws<ArgumentException>(() =>
                    services.AddRaftLogConsumer<FailingHandler>(
                        Options("t") with
                        {
                            Retry = new RetryOptions { Topics = [new RetryTopic("later", TimeSpan.FromHours(1))] },
                        }
                    )
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_handler_that_fails_for_every_record_does_not_fill_the_log()
    {
        await using EmbeddedCluster cluster = await StartAsync("orders", "orders-dead");
        Seen seen = new();
        using SeenEvents events = new();
        using IHost host = NewHost(
            cluster,
            services =>
                services
                    .AddLogging(logging => logging.AddProvider(events))
                    .AddSingleton(seen)
                    .AddRaftLogConsumer<FailingHandler>(
                        Options("orders") with
                        {
                            Retry = new RetryOptions
                            {
                                Attempts = 2,
                                FirstPause = Soon,
                                DeadLetterTopic = "orders-dead",
                            },
                        }
                    )
        );
        await host.StartAsync();

        for (int i = 0; i < 20; i++)
        {
            await ProduceAsync(cluster, "orders", "bad");
        }

        await seen.UntilAsync(40);
        await host.StopAsync();

        Assert.InRange(events.Count("HandlerAttemptFailed"), 5, 39);
    }

    private static ConsumerServiceOptions Options(string topic) =>
        new()
        {
            Topics = [topic],
            Consumer = new ConsumerOptions
            {
                GroupId = "g",
                GroupProtocol = GroupProtocol.Consumer,
                OffsetReset = OffsetReset.Earliest,
            },
        };

    private static IHost NewHost(EmbeddedCluster cluster, Action<IServiceCollection> add)
    {
        HostApplicationBuilder builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services.AddRaftLog(cluster.BootstrapServers);
        add(builder.Services);
        return builder.Build();
    }

    private static async Task<EmbeddedCluster> StartAsync(params string[] topics)
    {
        EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(
            new EmbeddedClusterOptions
            {
                Configuration = new SortedDictionary<string, string>
                {
                    ["group.initial.rebalance.delay.ms"] = "0",
                    ["group.consumer.heartbeat.interval.ms"] = "200",
                    ["group.consumer.min.heartbeat.interval.ms"] = "200",
                    ["offsets.topic.num.partitions"] = "1",
                },
            }
        );
        foreach (
            ItemResult<string> result in await cluster.Client.Admin.CreateTopicsAsync([
                .. topics.Select(topic => new NewTopic(topic, 1, 1)),
            ])
        )
        {
            result.ThrowIfFailed();
        }

        return cluster;
    }

    private static async Task ProduceAsync(EmbeddedCluster cluster, string topic, params string[] values)
    {
        await using Producer producer = cluster.Client.CreateProducer();
        foreach (string value in values)
        {
            await producer.ProduceAsync(topic, new ProducerRecord(null, Encoding.UTF8.GetBytes(value)));
        }
    }

    private static async Task<ConsumedRecord> ReadAsync(EmbeddedCluster cluster, string topic)
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(60));
        using Consumer consumer = cluster.Client.CreateConsumer();
        consumer.Assign(new TopicPartition(topic, 0), StartAt.Beginning);
        await foreach (ConsumedRecord record in consumer.ConsumeAsync(limit.Token))
        {
            return record;
        }

        throw new TimeoutException($"no record has come to {topic}");
    }

    private static string? Header(ConsumedRecord record, string name) =>
        record
            .Headers.Where(header => header.Key == name)
            .Select(header => Encoding.UTF8.GetString(header.Value!.Value.Span))
            .SingleOrDefault();

    private sealed class Seen
    {
        private readonly ConcurrentQueue<string> _values = new();

        public IReadOnlyCollection<string> Values => _values;

        public void Add(string value) => _values.Enqueue(value);

        public Task UntilAsync(int count) => Poll.UntilAsync($"{count} records are handled", () => _values.Count >= count);
    }

    private sealed class Gate
    {
        private int _count;

        public TaskCompletionSource Begun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Open { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Count => Volatile.Read(ref _count);

        public async ValueTask PassAsync()
        {
            Interlocked.Increment(ref _count);
            Begun.TrySetResult();
            await Open.Task;
        }
    }

    private sealed class NumberHandler(Seen seen) : IRecordHandler<string, int>
    {
        public ValueTask HandleAsync(ConsumedRecord<string, int> record, CancellationToken cancel)
        {
            seen.Add($"{record.Key}={record.Value}");
            return ValueTask.CompletedTask;
        }
    }

    private sealed class FailingHandler(Seen seen) : IRecordHandler
    {
        public ValueTask HandleAsync(ConsumedRecord record, CancellationToken cancel)
        {
            string value = Encoding.UTF8.GetString(record.Value!);
            seen.Add(value);
            return value == "bad" ? throw new InvalidOperationException($"cannot handle {value}") : ValueTask.CompletedTask;
        }
    }

    private sealed class GatedHandler(Gate gate) : IRecordHandler
    {
        public ValueTask HandleAsync(ConsumedRecord record, CancellationToken cancel) => gate.PassAsync();
    }
}
