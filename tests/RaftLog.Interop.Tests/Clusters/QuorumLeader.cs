using RaftLog.Protocol;

namespace RaftLog.Interop.Tests.Clusters;

/// <summary>Who leads the metadata quorum.</summary>
/// <param name="Node">The node.</param>
/// <param name="Epoch">Its epoch.</param>
internal sealed record QuorumLeader(NodeProcess Node, LeaderEpoch Epoch);
