using RaftLog.Protocol;

namespace RaftLog.Broker.Configuration;

/// <summary>Everything that one node was told, checked and typed. All times are in milliseconds unless the name says otherwise.</summary>
public sealed record NodeConfiguration
{
    /// <summary><c>node.id</c>.</summary>
    public required NodeId NodeId { get; init; }

    /// <summary><c>process.roles</c>.</summary>
    public required ProcessRoles Roles { get; init; }

    /// <summary><c>broker.rack</c>, or null.</summary>
    public required string? Rack { get; init; }

    public required ListenerSettings Listeners { get; init; }

    public required StorageSettings Storage { get; init; }

    public required QuorumSettings Quorum { get; init; }

    public required MetadataLogSettings MetadataLog { get; init; }

    public required LifecycleSettings Lifecycle { get; init; }

    public required ReplicationSettings Replication { get; init; }

    public required TopicCreationSettings Topics { get; init; }

    /// <summary>How <c>__consumer_offsets</c> is made on first use.</summary>
    public required InternalTopicSettings OffsetsTopic { get; init; }

    /// <summary>How <c>__transaction_state</c> is made on first use.</summary>
    public required InternalTopicSettings TransactionsTopic { get; init; }

    public required TransactionCoordinationSettings Transactions { get; init; }

    public required GroupSettings Groups { get; init; }

    public required SocketSettings Sockets { get; init; }

    public required RequestSettings Requests { get; init; }

    public required MemorySettings Memory { get; init; }

    /// <summary><c>raftlog.produce.batch.validation</c>.</summary>
    public required BatchValidationSettings BatchValidationSettings { get; init; }

    /// <summary>The settings by name, for DescribeConfigs and for the defaults of topics.</summary>
    public required BrokerConfigs Configs { get; init; }

    /// <summary>What a topic without configuration of its own has on this node, dynamic values aside.</summary>
    public required TopicConfig LogDefaults { get; init; }

    /// <summary>Lines for the operator about keys that are set and have no effect.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Reads a node's <c>.properties</c> file as Kafka reads it: unknown keys are no error.</summary>
    /// <param name="file">The file's name, for messages.</param>
    /// <param name="text">Its content.</param>
    /// <param name="hostName">The name of this machine, which listeners without a host advertise.</param>
    /// <exception cref="ConfigurationException">Values are wrong, or security is asked for that is not there.</exception>
    public static NodeConfiguration FromProperties(string file, string text, string hostName)
    {
        List<ConfigProblem> problems = [];
        ConfigSettings settings = PropertiesFile.Read(file, text);
        List<string> unknown = settings.Keys.Where(key => !ConfigDefinitions.Broker.TryGet(key, out _)).ToList();
        List<string> warnings =
            unknown.Count == 0 ? [] : [$"{file}: RaftLog does not know these keys and ignores them: {string.Join(", ", unknown)}"];
        NodeConfiguration node = NodeConfigurationReader.Read(settings, hostName, warnings, problems);
        ConfigurationException.ThrowIfAny(problems);
        return node;
    }
}
