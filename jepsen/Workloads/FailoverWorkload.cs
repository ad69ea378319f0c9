using RaftLog.Checking;
using RaftLog.Client.Produce;
using RaftLog.Protocol;

namespace RaftLog.Jepsen.Workloads;

/// <summary>
/// W6: small batches, one at a time, with acks=all, and beside them a control group with acks=1, which may lose records where the others
/// may not.
/// </summary>
internal sealed class FailoverWorkload(RunContext context) : IWorkload
{
    private const string Topic = "failover";
    private const int Pairs = 3;

    public string Name => "failover";

    public IReadOnlyList<TopicPartition> Partitions { get; } = [.. Enumerable.Range(0, 3).Select(each => new TopicPartition(Topic, each))];

    public Task PrepareAsync(CancellationToken cancel) => LogEnd.CreateTopicAsync(context.Clients, Topic, Partitions.Count, cancel);

    public Task RunAsync(CancellationToken stop)
    {
        ProducerStyle safe = new(Acks.All, SendFlavour.Safe, MaxOutstanding: 1, TimeSpan.FromMilliseconds(5));
        ProducerStyle control = new(Acks.Leader, SendFlavour.Control, MaxOutstanding: 1, TimeSpan.FromMilliseconds(5));
        List<Task> clients =
        [
            new WatchLoop(context, Partitions).RunAsync(stop),
            new ConsumerLoop(context, Partitions, context.Random.Split("failover consumer")).RunAsync(stop),
        ];
        for (int i = 0; i < Pairs; i++)
        {
            clients.Add(new ProducerLoop(context, Partitions, safe, context.Random.Split("failover producer", i)).RunAsync(stop));
            clients.Add(new ProducerLoop(context, Partitions, control, context.Random.Split("failover control", i)).RunAsync(stop));
        }

        return Task.WhenAll(clients);
    }

    public Task<bool> ReadEndAsync(CancellationToken cancel) => LogEnd.ReadAsync(context, Partitions, cancel);
}
