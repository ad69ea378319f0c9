using RaftLog.Checking;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Jepsen.Workloads;

/// <summary>W1: producers with acks=all, idempotent, consumers by assignment, and somebody who asks for ends and leaders.</summary>
internal sealed class AppendWorkload(RunContext context, bool hasWeakAcks) : IWorkload
{
    private const string Topic = "append";
    private const int Producers = 4;
    private const int Consumers = 2;

    public string Name => "append";

    public IReadOnlyList<TopicPartition> Partitions { get; } = [.. Enumerable.Range(0, 4).Select(each => new TopicPartition(Topic, each))];

    public Task PrepareAsync(CancellationToken cancel) => LogEnd.CreateTopicAsync(context.Clients, Topic, Partitions.Count, cancel);

    public Task RunAsync(CancellationToken stop)
    {
        ProducerStyle style = new(
            hasWeakAcks ? Acks.Leader : Acks.All,
            SendFlavour.Safe,
            MaxOutstanding: 24,
            TimeSpan.FromMilliseconds(25)
        );
        List<Task> clients = [new WatchLoop(context, Partitions).RunAsync(stop)];
        for (int i = 0; i < Producers; i++)
        {
            clients.Add(new ProducerLoop(context, Partitions, style, context.Random.Split("append producer", i)).RunAsync(stop));
        }

        for (int i = 0; i < Consumers; i++)
        {
            clients.Add(new ConsumerLoop(context, Partitions, context.Random.Split("append consumer", i)).RunAsync(stop));
        }

        return Task.WhenAll(clients);
    }

    public Task<bool> ReadEndAsync(CancellationToken cancel) => LogEnd.ReadAsync(context, Partitions, cancel);
}
