using RaftLog.Broker.Configuration;
using RaftLog.Broker.Memory;
using RaftLog.Broker.Network;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Broker;

/// <summary>What every part of a node is made with.</summary>
/// <param name="Config">What the node was told.</param>
/// <param name="World">The seams.</param>
/// <param name="NodeLog">The node log.</param>
/// <param name="Waiters">Its waits.</param>
/// <param name="Supervisor">Who watches its loops.</param>
/// <param name="Memory">Its budgets of memory.</param>
internal sealed record NodeContext(
    NodeConfiguration Config,
    World World,
    NodeLog NodeLog,
    Waiters Waiters,
    Supervisor Supervisor,
    MemoryBudgets Memory
)
{
    /// <summary>The warnings of what its clients do wrong, bounded together on all listeners.</summary>
    public ClientWarnings ClientWarnings { get; } = new(Waiters, NodeLog);

    /// <summary>The node.</summary>
    public NodeId Self => Config.NodeId;

    /// <summary>True when it serves clients.</summary>
    public bool IsBroker => Config.Roles.HasFlag(ProcessRoles.Broker);

    /// <summary>True when it votes.</summary>
    public bool IsController => Config.Roles.HasFlag(ProcessRoles.Controller);
}
