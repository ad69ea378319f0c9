using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Client.Cluster;

/// <summary>A broker as the cluster's metadata names it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Address">Where clients reach it.</param>
/// <param name="Rack">Its rack, or null.</param>
public sealed record BrokerView(NodeId Id, NetworkAddress Address, string? Rack);
