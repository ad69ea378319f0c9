using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Measuring;
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

    private long _committed;

    /// <summary>Runs it with one producer, then with many.</summary>
    public async Task<IReadOnlyList<Figure>> RunAsync(IReadOnlyList<int> producers)
    {
        using KafkaCluster client = Bootstrap.Client(cluster);
        await Bootstrap.CreateAsync(client, new NewTopic(Topic) { Partitions = Partitions });
        List<Figure> figures = [];
        foreach (int count in producers)
        {
            figures.AddRange(await MeasureAsync(client, count));
        }

        return figures;
    }

    private async Task<IReadOnlyList<Figure>> MeasureAsync(KafkaCluster client, int producers)
    {
        using CancellationTokenSource stop = new();
        List<Task> all =
        [
            .. Enumerable.Range(0, producers).Select(number => CommitAsync(client, $"payer-{producers}-{number}", stop.Token)),
        ];
        await Task.Delay(WarmUp);
        double before = ProcessUse.Of(cluster.ProcessIds).ProcessorSeconds;
        long first = Interlocked.Read(ref _committed);
        long start = TimeProvider.System.GetTimestamp();
        await Task.WhenAny(Task.Delay(Measured), Task.WhenAll(all));
        long count = Interlocked.Read(ref _committed) - first;
        double seconds = TimeProvider.System.GetElapsedTime(start).TotalSeconds;
        double used = ProcessUse.Of(cluster.ProcessIds).ProcessorSeconds - before;
        await stop.CancelAsync();
        await Task.WhenAll(all);
        return
        [
            new($"{producers} transactional producers: transactions a second", count / seconds),
            new($"{producers} transactional producers: nodes' processor a transaction, µs", used * 1_000_000 / count),
        ];
    }

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
            Interlocked.Increment(ref _committed);
        }
    }
}
