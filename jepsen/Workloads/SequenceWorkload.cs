using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Jepsen.Workloads;

/// <summary>W5: idempotent producers that speak the protocol themselves and repeat, reorder and leave gaps on purpose.</summary>
internal sealed class SequenceWorkload(RunContext context, Func<RawClient> openRaw) : IWorkload
{
    private const string Topic = "sequence";
    private const int Producers = 3;

    public string Name => "sequence";

    public IReadOnlyList<TopicPartition> Partitions { get; } = [.. Enumerable.Range(0, 3).Select(each => new TopicPartition(Topic, each))];

    public Task PrepareAsync(CancellationToken cancel) => LogEnd.CreateTopicAsync(context.Clients, Topic, Partitions.Count, cancel);

    public Task RunAsync(CancellationToken stop)
    {
        List<Task> clients =
        [
            new WatchLoop(context, Partitions).RunAsync(stop),
            new ConsumerLoop(context, Partitions, context.Random.Split("sequence consumer")).RunAsync(stop),
        ];
        for (int i = 0; i < Producers; i++)
        {
            clients.Add(new SequenceLoop(context, openRaw, Partitions, context.Random.Split("sequence producer", i)).RunAsync(stop));
        }

        return Task.WhenAll(clients);
    }

    public Task<bool> ReadEndAsync(CancellationToken cancel) => LogEnd.ReadAsync(context, Partitions, cancel);
}
