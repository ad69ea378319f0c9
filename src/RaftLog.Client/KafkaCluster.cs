using RaftLog.Client.Admin;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
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
    private readonly MetadataCache _metadata;

    /// <summary>A cluster reached through given seams.</summary>
    public KafkaCluster(ClientOptions options, ClientWorld world)
    {
        _runtime = new ClientRuntime(options, world);
        _connections = new ConnectionTable(_runtime);
        _quick = new ClusterCalls(_runtime, _connections.OpenSet());
        _metadata = new MetadataCache(_runtime, _quick, _connections);
        Admin = new KafkaAdmin(_runtime, new ClusterCalls(_runtime, _connections.OpenSet()), _metadata);
    }

    /// <summary>A cluster reached over TCP.</summary>
    public KafkaCluster(ClientOptions options)
        : this(options, ClientWorld.Real())
    {
    }

    /// <summary>Topics, configuration, quorum.</summary>
    public KafkaAdmin Admin { get; }

    /// <summary>What is known of the cluster now.</summary>
    public ClusterView View => _metadata.View;

    /// <summary>Opens a producer.</summary>
    public Producer CreateProducer(ProducerOptions? options = null) =>
        new(options ?? new ProducerOptions(), _runtime, _connections.OpenSet(), _quick, _metadata);

    /// <summary>Opens a consumer.</summary>
    public Consumer CreateConsumer(ConsumerOptions? options = null) =>
        new(options ?? new ConsumerOptions(), _runtime, _connections, _quick, _metadata);

    /// <summary>Closes the connections; what is under way ends with an error. Close producers first, so that nothing is lost.</summary>
    public void Dispose()
    {
        _connections.Dispose();
        _runtime.Dispose();
    }
}
