using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Produce;
using RaftLog.Client.Transactions;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>Producers that commit transactions of one record each, one after the other.</summary>
/// <param name="cluster">The cluster.</param>
internal sealed class TransactionLoad(IRunningCluster cluster)
{
    private const string Topic = "transferred";
    private const int Partitions = 6;
    private const int RecordBytes = 100;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Throughput _committed = new(cluster, WarmUp, Measured);

    /// <summary>Runs it with one producer, then with many.</summary>
    public async Task<IReadOnlyList<Figure>> RunAsync(IReadOnlyList<int> producers)
    {
        using KafkaCluster client = cluster.NewClient(Patience);
        (await client.Admin.CreateTopicsAsync([new NewTopic(Topic) { Partitions = Partitions }]))[0].ThrowIfFailed();
        List<Figure> figures = [];
        foreach (int count in producers)
        {
            figures.AddRange(await MeasureAsync(client, count));
        }

        return figures;
    }

    private Task<IReadOnlyList<Figure>> MeasureAsync(KafkaCluster client, int producers) =>
        _committed.MeasureAsync(
            $"{producers} transactional producers",
            "transactions",
            "transaction",
            stop => Enumerable.Range(0, producers).Select(number => CommitAsync(client, $"payer-{producers}-{number}", stop))
        );

    private async Task CommitAsync(KafkaCluster client, string id, CancellationToken stop)
    {
        await using Producer producer = client.CreateProducer(new ProducerOptions { TransactionalId = id, Linger = TimeSpan.Zero });
        await producer.InitTransactionsAsync(CancellationToken.None);
        ProducerRecord record = new(null, new byte[RecordBytes]);
        while (!stop.IsCancellationRequested)
        {
            await using Transaction transaction = producer.BeginTransaction();
            producer.Produce(Topic, record);
            await transaction.CommitAsync(CancellationToken.None);
            _committed.Count();
        }
    }
}
