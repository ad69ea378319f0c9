using RaftLog.Broker.Cluster;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Coordination;
using RaftLog.Broker.Coordination.Transactions;
using RaftLog.Broker.Handlers;
using RaftLog.Coordination;
using RaftLog.Coordination.Transactions;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;

namespace RaftLog.Broker.Wiring;

/// <summary>
/// Puts together what a node is to transactions: its coordinators, the delivery of their markers, and what partitions ask other
/// coordinators.
/// </summary>
internal sealed class TransactionAssembly
{
    private readonly BrokerLinks _questions;
    private readonly BrokerLinks _deliveries;
    private readonly MarkerSender _sender;

    public TransactionAssembly(
        NodeContext node,
        RpcConnector connector,
        MetadataCache cache,
        ClusterConfigs configs,
        PartitionLookup lookup,
        ProducerIdBlock producerIds,
        TimeSpan commitTimeout,
        Func<int, TransactionMarker, Task<ErrorCode>>? offsets
    )
    {
        TransactionCoordinationSettings settings = node.Config.Transactions;
        TimeSpan requestTimeout = TimeSpan.FromMilliseconds(node.Config.Requests.TimeoutMs);
        BrokerAddresses addresses = new(cache, node.Config.Listeners.InterBroker);

        // A marker waits for its commit; questions must not wait behind it.
        _questions = new BrokerLinks(connector, addresses, requestTimeout);
        _deliveries = new BrokerLinks(connector, addresses, requestTimeout);
        Markers = new LocalMarkers(lookup, offsets, node.Waiters, requestTimeout);
        _sender = new MarkerSender(cache, Markers, _deliveries, node.Waiters, node.Supervisor, node.NodeLog);
        TransactionContext context = new(cache, producerIds);
        TransactionSettings coordinator = new()
        {
            MaxTimeoutMs = settings.MaxTimeoutMs,
            IdExpirationMs = settings.IdExpirationMs,
            AbortIntervalMs = settings.AbortIntervalMs,
            ExpiryIntervalMs = settings.ExpiryIntervalMs,
            CompletionWaitMs = settings.AddRetryMaxMs,
        };
        Shards = new CoordinatorShards<TransactionCoordinatorState>(
            InternalTopics.TransactionState,
            (_, _) => new TransactionCoordinatorState(coordinator, context),
            new CoordinatorOptions(commitTimeout, CarryOut),
            node.Waiters,
            node.Supervisor,
            node.NodeLog
        );
        Verifier = new TransactionVerifier(
            new TransactionCoordinators(cache, Shards, _questions),
            () => configs.VerifiesPartitions(cache.Image),
            settings,
            node.Waiters
        );
    }

    /// <summary>The coordinators of this node.</summary>
    public CoordinatorShards<TransactionCoordinatorState> Shards { get; }

    /// <summary>Writes markers to this node's partitions.</summary>
    public LocalMarkers Markers { get; }

    /// <summary>What partitions ask before they take part in a transaction.</summary>
    public TransactionVerifier Verifier { get; }

    /// <summary>Ends what runs.</summary>
    public void Stop()
    {
        Shards.Stop();
        _sender.Stop();
        _questions.Stop();
        _deliveries.Stop();
    }

    private void CarryOut(int partition, LeaderEpoch epoch, ICoordinatorEffect effect)
    {
        TransactionMarkers markers = (TransactionMarkers)effect;
        _sender.Send(
            markers,
            epoch,
            () => Shards.IsCurrent(partition, epoch),
            () => Shards.Post(partition, epoch, (state, now, outbox) => state.MarkersWritten(markers, now, outbox))
        );
    }
}
