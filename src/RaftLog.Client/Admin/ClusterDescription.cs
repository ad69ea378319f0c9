using RaftLog.Client.Cluster;
using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>The cluster's brokers.</summary>
/// <param name="ClusterId">Its id.</param>
/// <param name="Controller">Where administrative requests go.</param>
/// <param name="Brokers">The live brokers, by id.</param>
public sealed record ClusterDescription(string ClusterId, NodeId Controller, IReadOnlyList<BrokerView> Brokers);
