using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Produce;

namespace RaftLog.Simulation;

/// <summary>One incarnation of a transactional producer of the shipped client, and what the checkers are to know of it.</summary>
internal sealed class ClientIncarnation : IAsyncDisposable
{
    /// <summary>A request fits in where nodes keep little memory for them (<c>socket.request.max.bytes</c>).</summary>
    private const int MaxRequestSize = 128 << 10;

    private static readonly TimeSpan Delivery = TimeSpan.FromSeconds(8);

    private readonly SimScheduler _scheduler;
    private readonly SimulationOptions _options;
    private readonly TransactionLog _log;
    private readonly Producer _producer;
    private readonly ProducerSession _session;

    private ClientIncarnation(
        SimScheduler scheduler,
        SimulationOptions options,
        TransactionLog log,
        Producer producer,
        ProducerSession session
    ) => (_scheduler, _options, _log, _producer, _session) = (scheduler, options, log, producer, session);

    /// <summary>Opens a producer, and fences the earlier incarnations.</summary>
    /// <exception cref="KafkaException">It does not succeed for now.</exception>
    internal static async Task<ClientIncarnation> OpenAsync(
        SimScheduler scheduler,
        KafkaCluster cluster,
        SimulationOptions options,
        TransactionLog log,
        string transactionalId
    )
    {
        long invoked = scheduler.NowUs;
        Producer producer = cluster.CreateProducer(
            new ProducerOptions
            {
                TransactionalId = transactionalId,
                TransactionTimeout = CoordinatedWork.Session,
                DeliveryTimeout = Delivery,
                MaxBlock = Delivery,
                MaxRequestSize = MaxRequestSize,
            }
        );
        try
        {
            await producer.InitTransactionsAsync();
        }
        catch (KafkaException)
        {
            await producer.DisposeAsync();
            throw;
        }

        ProducerSession session = new(transactionalId, log.NextSession(), invoked, scheduler.NowUs);
        log.Add(session);
        return new ClientIncarnation(scheduler, options, log, producer, session);
    }

    /// <summary>Begins a transaction.</summary>
    internal NotedTransaction Begin() =>
        new(_scheduler, _options.MaxFill, _log, _session.Number, _log.Begin(_session), _producer.BeginTransaction());

    /// <inheritdoc />
    public ValueTask DisposeAsync() => _producer.DisposeAsync();
}
