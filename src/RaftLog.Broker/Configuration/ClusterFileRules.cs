using RaftLog.Protocol;

namespace RaftLog.Broker.Configuration;

/// <summary>What holds for a cluster file as a whole: nodes that leave the obvious unsaid, and nodes that do not go together.</summary>
internal static class ClusterFileRules
{
    private const string NodeIdKey = "node.id";
    private const string RolesKey = "process.roles";
    private const string ListenersKey = "listeners";
    private const string ControllersKey = "controller.listener.names";
    private const string VotersKey = "controller.quorum.voters";
    private const string ServersKey = "controller.quorum.bootstrap.servers";
    private const string BothRoles = "broker,controller";
    private const string UsualController = "CONTROLLER";

    /// <summary>Keys that differ from node to node by their nature.</summary>
    private static readonly string[] OfOneNode = [NodeIdKey, "broker.id", ListenersKey, "advertised.listeners"];

    /// <summary>What a cluster of one node can have no more than one of.</summary>
    private static readonly string[] OneForOneNode =
    [
        InternalTopicSettings.OffsetsFactorKey,
        InternalTopicSettings.TransactionsFactorKey,
        InternalTopicSettings.TransactionsMinInSyncKey,
    ];

    /// <summary>
    /// Fills in what the file shows without saying it: combined roles, the usual controller listener, the voters, and one replica of
    /// internal topics where there is one node.
    /// </summary>
    public static void Complete(ClusterFileContent content)
    {
        string derived = $"{content.FileName} (derived)";
        foreach (ConfigSettings node in content.Nodes)
        {
            SetIfAbsent(node, RolesKey, BothRoles, derived);
            SetIfAbsent(node, ControllersKey, UsualController, derived);
        }

        List<string> voters = [];
        foreach (ConfigSettings node in content.Nodes)
        {
            if (VoterOf(node) is { } voter)
            {
                voters.Add($"{voter}");
            }
        }

        foreach (ConfigSettings node in content.Nodes)
        {
            if (!node.Contains(ServersKey))
            {
                SetIfAbsent(node, VotersKey, string.Join(',', voters), derived);
            }
        }

        if (content.Nodes is [ConfigSettings only])
        {
            foreach (string key in OneForOneNode)
            {
                SetIfAbsent(only, key, "1", derived);
            }
        }
    }

    /// <summary>Rejects keys that do not exist, and those that stand in the wrong place.</summary>
    public static void CheckKeys(ClusterFileContent content, List<ConfigProblem> problems)
    {
        foreach (string key in OfOneNode)
        {
            if (content.Defaults.TryGet(key, out string? value))
            {
                problems.Add(new(content.Defaults.OriginOf(key), key, value, "all nodes would have the same", "move it into each node"));
            }
        }

        foreach (ConfigSettings node in content.Nodes)
        {
            foreach (string key in node.Keys)
            {
                if (!ConfigDefinitions.Broker.TryGet(key, out _))
                {
                    node.TryGet(key, out string? value);
                    problems.Add(new(node.OriginOf(key), key, value, "there is no such key", FixOfUnknown(key)));
                }
            }
        }

        // Of a node without listeners much else could be said, and all of it would follow from that, or from the key that was meant to be
        // 'listeners'.
        bool anyMisspelled = problems.Count > 0;
        List<ConfigSettings> silent = [.. content.Nodes.Where(node => !node.Contains(ListenersKey))];
        if (silent.Count > 0)
        {
            problems.AddRange(
                anyMisspelled
                    ? []
                    : silent.Select(node => new ConfigProblem(
                        node.Where,
                        ListenersKey,
                        null,
                        "the node listens nowhere",
                        "add a text such as PLAINTEXT://host:9092,CONTROLLER://host:9093"
                    ))
            );
            ConfigurationException.ThrowIfAny(problems.Distinct().ToList());
        }
    }

    /// <summary>Rejects nodes that are in each other's way.</summary>
    public static void CheckTogether(ClusterFileContent content, List<NodeConfiguration> nodes, List<ConfigProblem> problems)
    {
        for (int i = 0; i < nodes.Count; i++)
        {
            for (int k = 0; k < i; k++)
            {
                CheckPair(content.Nodes[i], nodes[i], nodes[k], problems);
            }

            CheckVoters(content.Nodes[i], nodes[i], nodes, problems);
        }
    }

    private static void CheckPair(ConfigSettings settings, NodeConfiguration node, NodeConfiguration other, List<ConfigProblem> problems)
    {
        if (node.NodeId == other.NodeId)
        {
            problems.Add(
                new(
                    settings.OriginOf(NodeIdKey),
                    NodeIdKey,
                    $"{node.NodeId}",
                    "another node of the file has the same id",
                    "give each node an id of its own"
                )
            );
            return;
        }

        foreach (Listener listener in node.Listeners.Advertised)
        {
            // Wildcards are told apart by what they advertise: on two machines both may listen on every address.
            if (listener.Port != 0 && other.Listeners.Advertised.Any(taken => taken.Port == listener.Port && taken.Host == listener.Host))
            {
                problems.Add(
                    new(
                        settings.OriginOf(ListenersKey),
                        ListenersKey,
                        $"{listener}",
                        $"node {other.NodeId} uses the same address",
                        "choose another port or host"
                    )
                );
            }
        }

        bool sameMachine = node.Listeners.Advertised.Any(mine => other.Listeners.Advertised.Any(theirs => theirs.Host == mine.Host));
        if (sameMachine && node.Storage.LogDirs.FirstOrDefault(other.Storage.LogDirs.Contains) is { } shared)
        {
            problems.Add(
                new(
                    settings.OriginOf("log.dirs"),
                    "log.dirs",
                    shared,
                    $"node {other.NodeId} on the same host uses the same directory",
                    "give each node a directory of its own"
                )
            );
        }
    }

    private static void CheckVoters(
        ConfigSettings settings,
        NodeConfiguration node,
        List<NodeConfiguration> nodes,
        List<ConfigProblem> problems
    )
    {
        foreach (QuorumVoter voter in node.Quorum.Voters)
        {
            NodeConfiguration? named = nodes.Find(other => other.NodeId == voter.Id);
            string? meaning =
                named is null ? $"the voter {voter.Id} is no node of the file"
                : named.Listeners.All.Any(listener => named.Listeners.IsController(listener.Name) && listener.Port == voter.Port) ? null
                : $"the voter {voter.Id} has no controller listener on port {voter.Port}";
            if (meaning is not null)
            {
                problems.Add(
                    new(
                        settings.OriginOf(VotersKey),
                        VotersKey,
                        $"{voter}",
                        meaning,
                        "add the node, correct the voter, or leave the key out: it follows from the nodes"
                    )
                );
            }
        }
    }

    private static string FixOfUnknown(string key)
    {
        if (ConfigDefinitions.Topic.TryGet(key, out ConfigDefinition? topic) && topic.BrokerKeys.Count > 0)
        {
            return $"this is a key of topics; a node's default for it is '{topic.BrokerKeys[0]}'";
        }

        return ConfigDefinitions.Broker.Suggest(key) is { } meant
            ? $"did you mean '{meant}'?"
            : "remove it; docs/configuration.md lists the keys";
    }

    /// <summary>
    /// The voter that a node is by its own words; null when it is none, or when these words are wrong and rejected elsewhere.
    /// </summary>
    private static QuorumVoter? VoterOf(ConfigSettings node)
    {
        if (
            !node.TryGet(RolesKey, out string? roles)
            || !ConfigText.List(roles).Contains("controller")
            || !node.TryGet(NodeIdKey, out string? text)
            || !ConfigText.TryLong(text, out long id)
            || id is < 0 or > int.MaxValue
            || !node.TryGet(ControllersKey, out string? names)
        )
        {
            return null;
        }

        string? first = ConfigText.List(names).FirstOrDefault()?.ToUpperInvariant();
        Listener? found = null;
        foreach (string key in (ReadOnlySpan<string>)["advertised.listeners", ListenersKey])
        {
            foreach (string item in node.TryGet(key, out string? listeners) ? ConfigText.List(listeners) : [])
            {
                if (found is null && Listener.TryParse(item, out Listener listener) && listener.Name == first)
                {
                    found = listener;
                }
            }
        }

        // A wildcard is rejected with the listeners; the name in its place keeps that from looking like a second mistake.
        return found is { } controller
            ? new(new NodeId((int)id), controller.IsWildcard ? "localhost" : controller.Host, controller.Port)
            : null;
    }

    private static void SetIfAbsent(ConfigSettings node, string key, string value, string origin)
    {
        if (!node.Contains(key) && value.Length > 0)
        {
            node.Set(key, value, origin);
        }
    }
}
