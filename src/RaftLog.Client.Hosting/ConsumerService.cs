using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;

namespace RaftLog.Client.Hosting;

/// <summary>
/// A consumer as a service of a host: begins in the background, so that the host starts whether the cluster is there or not; begins again
/// after a failure; on stop it begins no more handlers, waits for those that run, commits and leaves the group.
/// </summary>
internal sealed class ConsumerService(
    KafkaCluster cluster,
    ConsumerServiceOptions options,
    Func<ConsumedRecord, CancellationToken, ValueTask> handler,
    TimeProvider time,
    ILogger<ConsumerService> logger
) : BackgroundService
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly EventBound _failedAttempts = new(time);
    private Consumer? _consumer;
    private Exception? _failure;

    /// <summary>The group.</summary>
    public string Group => options.Consumer.GroupId!;

    /// <summary>Whether it makes progress.</summary>
    public ConsumerHealth CheckHealth() =>
        Volatile.Read(ref _failure) is { } failure
            ? new ConsumerHealth(false, $"the consumer of group '{Group}' failed and waits to begin again: {failure.Message}")
            : Volatile.Read(ref _consumer)?.CheckHealth(options.StuckAfter) ?? new ConsumerHealth(true, "the consumer has not begun yet");

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        TimeSpan pause = options.RestartPause;
        while (!stoppingToken.IsCancellationRequested)
        {
            long start = time.GetTimestamp();
            try
            {
                await RunAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                pause = time.GetElapsedTime(start) > LongestPause ? options.RestartPause : pause;
                Volatile.Write(ref _failure, e);
                logger.ConsumerFailed(e, Group, pause.TotalSeconds);
                await PauseAsync(pause, stoppingToken);
                Volatile.Write(ref _failure, null);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }

        logger.ConsumerStopped(Group);
    }

    private async Task RunAsync(CancellationToken stop)
    {
        bool passesOn = options.Retry.Topics.Count > 0 || options.Retry.DeadLetterTopic is not null;
        await using Producer? producer = passesOn
            ? cluster.CreateProducer(new ProducerOptions { CloseTimeout = options.Consumer.CloseTimeout })
            : null;
        await using Consumer consumer = cluster.CreateConsumer(options.Consumer);
        RetryingHandler retrying = new(Group, options.Retry, handler, producer, time, logger, _failedAttempts, stop);
        List<string> topics = [.. options.Topics, .. options.Retry.Topics.Select(topic => topic.Name)];
        consumer.Subscribe(topics);
        Volatile.Write(ref _consumer, consumer);
        logger.ConsumerStarted(Group, string.Join(", ", topics));
        try
        {
            await consumer.ProcessAsync(retrying.HandleAsync, options.Processing, stop);
        }
        finally
        {
            Volatile.Write(ref _consumer, null);
        }
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stop)
    {
        try
        {
            await Task.Delay(pause, time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The host stops: nothing begins again.
        }
    }
}
