using RaftLog.Protocol;

namespace RaftLog.Broker.Configuration;

/// <summary>Builds a node's configuration from its settings, collecting every problem on the way.</summary>
internal static class NodeConfigurationReader
{
    private const string NodeIdKey = "node.id";
    private const string BrokerIdKey = "broker.id";

    /// <summary>Reads a node; what it returns is to be used only if no problem was added.</summary>
    public static NodeConfiguration Read(ConfigSettings settings, string? hostName, List<string> warnings, List<ConfigProblem> problems)
    {
        SettingsReader reader = new(settings, problems);
        return Read(reader, hostName, warnings);
    }

    /// <inheritdoc cref="Read(ConfigSettings, string?, List{string}, List{ConfigProblem})" />
    public static NodeConfiguration Read(SettingsReader reader, string? hostName, List<string> warnings)
    {
        NodeId node = ReadNodeId(reader);
        ProcessRoles roles = ReadRoles(reader);
        Reject(reader);
        WarnOfKeysWithoutEffect(reader.Settings, warnings);
        CheckTopicDefaults(reader);
        CheckDynamicKeys(reader);
        CheckLogMaintenance(reader);
        CheckLimits(reader);
        BrokerConfigs configs = new(reader.Settings);
        return new()
        {
            NodeId = node,
            Roles = roles,
            Rack = reader.Text("broker.rack"),
            Listeners = new ListenerRules(reader, roles, hostName).Read(),
            Storage = StorageSettings.Read(reader, node),
            Quorum = QuorumSettings.Read(reader, node, roles),
            MetadataLog = MetadataLogSettings.Read(reader),
            Lifecycle = ReadLifecycle(reader),
            Replication = ReplicationSettings.Read(reader),
            Topics = TopicCreationSettings.Read(reader),
            OffsetsTopic = InternalTopicSettings.ReadOffsets(reader),
            TransactionsTopic = InternalTopicSettings.ReadTransactions(reader),
            Groups = GroupSettings.Read(reader),
            Transactions = TransactionCoordinationSettings.Read(reader),
            Sockets = SocketSettings.Read(reader),
            Requests = RequestSettings.Read(reader),
            Memory = MemorySettings.Read(reader),
            BatchValidationSettings =
                reader.Text("raftlog.produce.batch.validation") == "relaxed"
                    ? BatchValidationSettings.Relaxed
                    : BatchValidationSettings.Strict,
            Configs = configs,
            LogDefaults = TopicConfigs.Resolve(ResourceConfigs.NoOverrides, configs, DynamicConfigs.None),
            Warnings = warnings,
        };
    }

    private static NodeId ReadNodeId(SettingsReader reader)
    {
        ConfigSettings settings = reader.Settings;
        int brokerId = reader.Int(BrokerIdKey);
        if (!settings.Contains(NodeIdKey) && settings.Contains(BrokerIdKey))
        {
            settings.Set(NodeIdKey, $"{brokerId}", settings.OriginOf(BrokerIdKey));
        }

        int node = reader.Int(NodeIdKey);
        if (settings.Contains(BrokerIdKey) && brokerId != node)
        {
            reader.Report(BrokerIdKey, $"it differs from {NodeIdKey} = {node}", $"remove {BrokerIdKey}, the older name");
        }

        return new(node);
    }

    private static ProcessRoles ReadRoles(SettingsReader reader)
    {
        const string Key = "process.roles";
        ProcessRoles roles = ProcessRoles.None;
        foreach (string role in reader.List(Key))
        {
            roles |= role == "broker" ? ProcessRoles.Broker : ProcessRoles.Controller;
        }

        if (roles == ProcessRoles.None && reader.Settings.Contains(Key))
        {
            reader.Report(Key, "the node has no role", "set broker, controller, or broker,controller");
        }

        return roles;
    }

    private static LifecycleSettings ReadLifecycle(SettingsReader reader)
    {
        LifecycleSettings lifecycle = LifecycleSettings.Read(reader);
        if (lifecycle.SessionTimeoutMs <= lifecycle.HeartbeatIntervalMs)
        {
            reader.Report(
                "broker.session.timeout.ms",
                $"the session would end between two heartbeats, which come every {lifecycle.HeartbeatIntervalMs} ms",
                "set it to several times broker.heartbeat.interval.ms"
            );
        }

        return lifecycle;
    }

    private static void Reject(SettingsReader reader)
    {
        foreach (string key in reader.Settings.Keys)
        {
            if (
                ConfigDefinitions.Broker.TryGet(key, out ConfigDefinition? definition)
                && definition.Support == ConfigSupport.Rejected
                && reader.Settings.TryGet(key, out string? value)
                && !value.Trim().Equals(definition.Default ?? "", StringComparison.OrdinalIgnoreCase)
            )
            {
                reader.Report(key, definition.Description.TrimEnd('.'), "remove the key if the cluster can do without it");
            }
        }
    }

    private static void WarnOfKeysWithoutEffect(ConfigSettings settings, List<string> warnings)
    {
        List<string> keys = settings
            .Keys.Where(key =>
                ConfigDefinitions.Broker.TryGet(key, out ConfigDefinition? definition) && definition.Support == ConfigSupport.WithoutEffect
            )
            .ToList();
        if (keys.Count > 0)
        {
            warnings.Add($"{settings.Where}: these keys have no effect in RaftLog: {string.Join(", ", keys)}");
        }
    }

    /// <summary>The node's defaults for topics are read by name later; what is wrong with them is said now.</summary>
    private static void CheckTopicDefaults(SettingsReader reader)
    {
        foreach (ConfigDefinition topic in ConfigDefinitions.Topic.All)
        {
            if (topic.Support == ConfigSupport.Implemented)
            {
                foreach (string key in topic.BrokerKeys)
                {
                    _ = reader.Text(key);
                }
            }
        }
    }

    /// <summary>
    /// These are read by name whenever they are needed, since they may be changed on the running cluster; what is wrong with the file's
    /// values is said now.
    /// </summary>
    private static void CheckDynamicKeys(SettingsReader reader)
    {
        _ = reader.Int(ConnectionLimits.TotalKey);
        _ = reader.Int(ConnectionLimits.PerAddressKey);
        _ = reader.Text(ConnectionLimits.OverridesKey);
        _ = reader.Boolean("transaction.partition.verification.enable");
    }

    /// <summary>
    /// What the loops over logs are told is read by name in each round; what is wrong with the file's values is said now.
    /// </summary>
    private static void CheckLogMaintenance(SettingsReader reader)
    {
        foreach (string key in LogMaintenanceSettings.Keys)
        {
            _ = reader.Text(key);
        }
    }

    private static void CheckLimits(SettingsReader reader)
    {
        foreach ((string key, string reason, string fix) in BrokerConfigLimits.Broken(ValueOf, reader.Settings.Contains))
        {
            reader.Report(key, reason, fix);
        }

        string? ValueOf(string key) => reader.Settings.TryGet(key, out string? value) ? value : ConfigDefinitions.Broker[key].Default;
    }
}
