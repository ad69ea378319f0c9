#!/usr/bin/env bash
# WolverineFx.Kafka 6.62.0 on librdkafka 2.16.0's mock cluster: CommitMode.PerMessage, documented as a commit of each message as it finishes and as strict at-least-once, commits
# messages that no handler has finished. Unless the listener is told ProcessInline() (or has a durable inbox), a message counts as finished when it is in the
# local queue: here the whole partition is committed while all handlers still wait, and a process that dies now loses all of it. The handlers also run side
# by side for messages of one partition. The same holds for the default commit mode, documented as at-least-once too.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
mock_app 3 'WolverineFx.Kafka 6.62.0;WolverineFx.RuntimeCompilation 6.62.0;Microsoft.Extensions.Hosting 10.0.0' <<'CS'
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Wolverine;
using Wolverine.Kafka;

for (int i = 0; i < 5; i++)
{
    foreach (string topic in new[] { "queued", "queued-default", "inline" })
    {
        await host.ProduceAsync(new TopicPartition(topic, 0), new Message<Null, string> { Value = $"{{\"Number\":{i}}}" });
    }
}

await ShowAsync("queued", "CommitMode.PerMessage", listener => listener.CommitOffsets(CommitMode.PerMessage), handlers: 5);
await ShowAsync("queued-default", "nothing set", _ => { }, handlers: 5);
await ShowAsync("inline", "CommitMode.PerMessage, inline", listener => listener.CommitOffsets(CommitMode.PerMessage).ProcessInline(), handlers: 1);

async Task ShowAsync(string topic, string name, Action<KafkaListenerConfiguration> configure, int handlers)
{
    OrderHandler.Reset();
    IHost application = Host.CreateDefaultBuilder()
        .ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.None))
        .UseWolverine(options =>
        {
            options.UseRuntimeCompilation();
            options.UseKafka(servers);
            configure(options.ListenToKafkaTopic(topic).ReceiveRawJson<Order>().ConfigureConsumer(consumer =>
            {
                consumer.GroupId = topic;
                consumer.AutoOffsetReset = AutoOffsetReset.Earliest;
                consumer.AutoCommitIntervalMs = 100;
            }));
        })
        .Build();
    await application.StartAsync();
    for (int i = 0; i < 300 && OrderHandler.Started < handlers; i++)
    {
        await Task.Delay(100);
    }

    await Task.Delay(2_000);
    using IConsumer<Ignore, Ignore> reader = new ConsumerBuilder<Ignore, Ignore>(
        new ConsumerConfig { BootstrapServers = servers, GroupId = topic }).SetLogHandler((_, _) => { }).Build();
    Offset committed = reader.Committed([new TopicPartition(topic, 0)], TimeSpan.FromSeconds(20))[0].Offset;
    Console.WriteLine($"{name}: of 5 messages {OrderHandler.Started} are being handled, {OrderHandler.Finished} are finished, committed is {committed}");
    OrderHandler.Release();
    await application.StopAsync();
}

public record Order(int Number);

public class OrderHandler
{
    private static TaskCompletionSource _released = new();
    private static int _started;
    private static int _finished;

    public static int Started => _started;

    public static int Finished => _finished;

    public static void Reset()
    {
        (_released, _started, _finished) = (new TaskCompletionSource(), 0, 0);
    }

    public static void Release() => _released.SetResult();

    public async Task Handle(Order order)
    {
        Interlocked.Increment(ref _started);
        await _released.Task;
        Interlocked.Increment(ref _finished);
    }
}
CS
out=$(timeout 240 dotnet "$app" 2>/dev/null)
echo "$out"
expect 'PerMessage has committed what no handler has finished' '^CommitMode.PerMessage: of 5 messages 5 are being handled, 0 are finished, committed is 5$' "$out"
expect 'so has the default' '^nothing set: of 5 messages 5 are being handled, 0 are finished, committed is 5$' "$out"
expect 'only inline it has not' '^CommitMode.PerMessage, inline: of 5 messages 1 are being handled, 0 are finished, committed is Unset' "$out"
