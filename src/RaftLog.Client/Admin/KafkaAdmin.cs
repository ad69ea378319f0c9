using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>
/// Administration of a cluster. Any broker takes these requests and hands them on. What fails for a passing reason is tried again until
/// <see cref="ClientOptions.CallTimeout"/>; a change may then have been made by an attempt whose response was lost. Requests about several
/// things say for each what became of it. A cancelled call throws <see cref="OperationCanceledException"/>; the cluster may do what was
/// asked all the same.
/// </summary>
public sealed class KafkaAdmin
{
    private readonly ClusterRequests _cluster;
    private readonly TopicRequests _topics;
    private readonly ConfigRequests _configs;
    private readonly RecordRequests _records;

    internal KafkaAdmin(ClientRuntime runtime, ClusterCalls calls, ClusterMetadata metadata)
    {
        BrokerCalls brokers = new(runtime, calls, metadata);
        _cluster = new ClusterRequests(runtime, calls);
        _topics = new TopicRequests(runtime, calls, metadata);
        _configs = new ConfigRequests(runtime, calls, brokers);
        _records = new RecordRequests(runtime, new OffsetSearch(runtime, calls, metadata), brokers);
        Groups = new GroupAdmin(runtime, calls, metadata, brokers);
        Transactions = new TransactionAdmin(runtime, calls, metadata, brokers);
        Brokers = new BrokerAdmin(runtime, calls);
        Reassignments = new ReassignmentAdmin(runtime, calls);
        LogDirs = new LogDirAdmin(runtime, calls, metadata);
    }

    /// <summary>Groups and their positions.</summary>
    public GroupAdmin Groups { get; }

    /// <summary>Transactions and their producers.</summary>
    public TransactionAdmin Transactions { get; }

    /// <summary>Brokers, their disks, and features.</summary>
    public BrokerAdmin Brokers { get; }

    /// <summary>Partitions that move between brokers.</summary>
    public ReassignmentAdmin Reassignments { get; }

    /// <summary>Log directories of brokers, and moves of replicas between them.</summary>
    public LogDirAdmin LogDirs { get; }

    /// <summary>The brokers.</summary>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
    public ValueTask<ClusterDescription> DescribeClusterAsync(CancellationToken cancel = default) => _cluster.DescribeClusterAsync(cancel);

    /// <summary>The metadata quorum.</summary>
    /// <exception cref="KafkaException">The quorum has no leader, or cannot be reached.</exception>
    public ValueTask<QuorumDescription> DescribeQuorumAsync(CancellationToken cancel = default) => _cluster.DescribeQuorumAsync(cancel);

    /// <summary>The names of all topics, in ordinal order.</summary>
    /// <param name="includeInternal">True to list the topics that the cluster itself writes.</param>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
    public ValueTask<IReadOnlyList<TopicDescription>> ListTopicsAsync(bool includeInternal = false, CancellationToken cancel = default) =>
        _topics.ListTopicsAsync(includeInternal, cancel);

    /// <summary>Topics with the state of their partitions, in the order of the names given.</summary>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
    public ValueTask<IReadOnlyList<TopicDescription>> DescribeTopicsAsync(
        IReadOnlyList<string> names,
        CancellationToken cancel = default
    ) => _topics.DescribeTopicsAsync(names, cancel);

    /// <summary>Creates topics.</summary>
    /// <param name="topics">The topics.</param>
    /// <param name="validateOnly">True to check and create nothing.</param>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
    public ValueTask<IReadOnlyList<ItemResult<string>>> CreateTopicsAsync(
        IReadOnlyList<NewTopic> topics,
        bool validateOnly = false,
        CancellationToken cancel = default
    ) => _topics.CreateTopicsAsync(topics, validateOnly, cancel);

    /// <summary>Deletes topics by name.</summary>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
    public ValueTask<IReadOnlyList<ItemResult<string>>> DeleteTopicsAsync(
        IReadOnlyList<string> names,
        CancellationToken cancel = default
    ) => _topics.DeleteTopicsAsync(names, cancel);

    /// <summary>Gives a topic more partitions.</summary>
    /// <param name="topic">The topic.</param>
    /// <param name="count">How many it shall have in all.</param>
    /// <exception cref="KafkaException">The cluster rejected, or cannot be reached.</exception>
    public ValueTask CreatePartitionsAsync(string topic, int count, CancellationToken cancel = default) =>
        _topics.CreatePartitionsAsync(topic, count, cancel);

    /// <summary>The configuration of one resource, by key in ordinal order.</summary>
    /// <exception cref="KafkaException">The cluster rejected, or cannot be reached.</exception>
    public ValueTask<IReadOnlyList<ConfigEntry>> DescribeConfigsAsync(ConfigResource resource, CancellationToken cancel = default) =>
        _configs.DescribeConfigsAsync(resource, cancel);

    /// <summary>Changes configuration values; all changes of one resource are made together or not at all.</summary>
    /// <param name="changes">The changes.</param>
    /// <param name="validateOnly">True to check and change nothing.</param>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
    public ValueTask<IReadOnlyList<ItemResult<ConfigResource>>> AlterConfigsAsync(
        IReadOnlyList<ConfigChange> changes,
        bool validateOnly = false,
        CancellationToken cancel = default
    ) => _configs.AlterConfigsAsync(changes, validateOnly, cancel);

    /// <summary>
    /// Makes the preferred replicas leaders again, or with <paramref name="unclean"/> elects any replica where none in sync is left, which
    /// loses data.
    /// </summary>
    /// <param name="partitions">The partitions; null for all.</param>
    /// <param name="unclean">True for an unclean election (KIP-460).</param>
    /// <exception cref="KafkaException">The cluster rejected, or cannot be reached.</exception>
    public ValueTask<IReadOnlyList<ItemResult<TopicPartition>>> ElectLeadersAsync(
        IReadOnlyList<TopicPartition>? partitions,
        bool unclean = false,
        CancellationToken cancel = default
    ) => _topics.ElectLeadersAsync(partitions, unclean, cancel);

    /// <summary>Finds offsets, each at the partition's leader.</summary>
    /// <param name="partitions">What to find, and where.</param>
    /// <param name="readCommitted">True to count only what transactions have decided.</param>
    /// <exception cref="KafkaException">A partition cannot be asked in time.</exception>
    public ValueTask<IReadOnlyDictionary<TopicPartition, FoundOffset>> ListOffsetsAsync(
        IReadOnlyDictionary<TopicPartition, OffsetSpec> partitions,
        bool readCommitted = false,
        CancellationToken cancel = default
    ) => _records.ListOffsetsAsync(partitions, readCommitted, cancel);

    /// <summary>Removes the oldest records of partitions (KIP-107).</summary>
    /// <param name="before">Of each partition the first offset that stays; <see cref="Offset.None"/> for everything that is
    /// committed.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>Where each partition begins now, at the replica that is furthest behind.</returns>
    /// <exception cref="KafkaException">A partition's leader rejected it, or cannot be reached; those before are done.</exception>
    public ValueTask<IReadOnlyDictionary<TopicPartition, Offset>> DeleteRecordsAsync(
        IReadOnlyDictionary<TopicPartition, Offset> before,
        CancellationToken cancel = default
    ) => _records.DeleteRecordsAsync(before, cancel);

    /// <summary>The resources of a type that have configuration (KIP-1142).</summary>
    /// <exception cref="KafkaException">The cluster rejected the request, or cannot be reached.</exception>
    public ValueTask<IReadOnlyList<ConfigResource>> ListConfigResourcesAsync(ConfigResourceType type, CancellationToken cancel = default) =>
        _configs.ListConfigResourcesAsync(type, cancel);
}
