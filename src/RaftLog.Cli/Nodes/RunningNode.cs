using RaftLog.Broker;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;

namespace RaftLog.Cli.Nodes;

/// <summary>A node in this process, with its node log below its data directory.</summary>
internal sealed class RunningNode
{
    /// <summary>How long a stop waits for leaderships to move; with the flush and the closing it stays below three seconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    private const string NodeLogFile = "raftlog.log";

    public RunningNode(NodeConfiguration config, World world, Action<string>? showProblems)
    {
        Config = config;
        NodeLogPath = $"{config.Storage.LogDirs[0]}/{NodeLogFile}";
        NodeLog nodeLog = new(world.Disk, world.Time, NodeLogPath, showProblems);
        foreach (string warning in config.Warnings)
        {
            nodeLog.Warn(warning);
        }

        Node = new Node(config, world, nodeLog) { WarmsUpJit = true, IsMeasured = true };
    }

    public NodeConfiguration Config { get; }

    public Node Node { get; }

    public string NodeLogPath { get; }

    /// <summary>The address that clients are told, or the quorum's for a mere controller.</summary>
    public string Address
    {
        get
        {
            IReadOnlyList<Listener> advertised = Config.Listeners.Advertised;
            Listener first = advertised.FirstOrDefault(each => !Config.Listeners.IsController(each.Name));
            Listener shown = first.Name is null ? advertised[0] : first;
            return $"{shown.Host}:{shown.Port}";
        }
    }
}
