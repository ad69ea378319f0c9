using RaftLog.Client.Admin;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Client.Serialization;
using RaftLog.Client.Transactions;
using RaftLog.Platform;

namespace RaftLog.Client;

/// <summary>
/// A Kafka cluster as a program sees it: the connections and the metadata that its producers, consumers and administrators share. Make one
/// per cluster and keep it. Safe for concurrent use. Nothing is sent before the first call.
/// </summary>
public sealed class KafkaCluster : IDisposable
{
    private readonly ClientRuntime _runtime;
    private readonly ConnectionTable _connections;
    private readonly ClusterCalls _quick;
    private readonly ClusterMetadata _metadata;

    /// <summary>A cluster reached through given seams.</summary>
    public KafkaCluster(ClientOptions options, ClientWorld world)
    {
        _runtime = new ClientRuntime(options, world);
        _connections = new ConnectionTable(_runtime);
        _quick = new ClusterCalls(_runtime, _connections.OpenSet());
        _metadata = new ClusterMetadata(_runtime, _quick, _connections);
        Admin = new KafkaAdmin(_runtime, new ClusterCalls(_runtime, _connections.OpenSet()), _metadata);
    }

    /// <summary>A cluster reached over TCP.</summary>
    public KafkaCluster(ClientOptions options)
        : this(options, ClientWorld.Real()) { }

    /// <summary>Topics, configuration, quorum.</summary>
    public KafkaAdmin Admin { get; }

    /// <summary>What is known of the cluster now.</summary>
    public ClusterView View => _metadata.View;

    /// <summary>Opens a producer.</summary>
    public Producer CreateProducer(ProducerOptions? options = null) => Open(options ?? new ProducerOptions());

    /// <summary>Opens a producer of typed keys and values.</summary>
    /// <param name="keys">Turns keys into bytes; null for the form that <see cref="Serdes.For{T}"/> names.</param>
    /// <param name="values">Turns values into bytes; null for the form that <see cref="Serdes.For{T}"/> names.</param>
    /// <param name="options">How it sends.</param>
    /// <exception cref="NotSupportedException">A type has no form of its own, and none was given.</exception>
    public Producer<TKey, TValue> CreateProducer<TKey, TValue>(
        ISerializer<TKey>? keys = null,
        ISerializer<TValue>? values = null,
        ProducerOptions? options = null
    ) => new(CreateProducer(options), keys ?? Serdes.For<TKey>(), values ?? Serdes.For<TValue>());

    /// <summary>Opens a consumer.</summary>
    public Consumer CreateConsumer(ConsumerOptions? options = null) =>
        new(options ?? new ConsumerOptions(), _runtime, _connections, _quick, _metadata);

    /// <summary>Opens a consumer of typed keys and values.</summary>
    /// <param name="options">How it reads.</param>
    /// <param name="keys">Reads keys; null for the form that <see cref="Serdes.For{T}"/> names.</param>
    /// <param name="values">Reads values; null for the form that <see cref="Serdes.For{T}"/> names.</param>
    /// <exception cref="NotSupportedException">A type has no form of its own, and none was given.</exception>
    public Consumer<TKey, TValue> CreateConsumer<TKey, TValue>(
        ConsumerOptions? options = null,
        IDeserializer<TKey>? keys = null,
        IDeserializer<TValue>? values = null
    ) => new(CreateConsumer(options), keys ?? Serdes.For<TKey>(), values ?? Serdes.For<TValue>());

    private Producer Open(ProducerOptions options)
    {
        options.Validate();
        TransactionFlow? transactions = null;
        if (options.TransactionalId is { } id)
        {
            // A coordinator responds to the end of a transaction when it is decided: nothing else waits behind that.
            ClusterCalls coordinators = new(_runtime, _connections.OpenSet());
            Coordinator coordinator = new(CoordinatorKind.Transaction, id, _runtime, _quick, coordinators, _metadata);
            TransactionCalls calls = new(
                id,
                options.TransactionTimeout,
                _runtime,
                coordinator,
                group => new Coordinator(CoordinatorKind.Group, group, _runtime, _quick, coordinators, _metadata)
            );
            transactions = new TransactionFlow(id, _runtime, calls);
        }

        return new Producer(options, _runtime, _connections.OpenSet(), _quick, _metadata, transactions);
    }

    /// <summary>Closes the connections; what is under way ends with an error. Close producers first, so that nothing is lost.</summary>
    public void Dispose()
    {
        _connections.Dispose();
        _runtime.Dispose();
    }
}
