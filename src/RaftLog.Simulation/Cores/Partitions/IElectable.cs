using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// Who may become leader of a partition by the committed metadata: each of them must have every committed record on its disk.
/// </summary>
internal interface IElectable
{
    NodeSet InSync { get; }

    /// <summary>Replicas that have every committed record though they are not in sync (KIP-966).</summary>
    NodeSet Eligible { get; }
}
