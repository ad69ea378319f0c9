using RaftLog.Platform;

namespace RaftLog.Broker.Quorum;

/// <summary>Where a voter's controller listener is reached.</summary>
/// <param name="Listener">The listener's name.</param>
/// <param name="Address">Its host and port.</param>
internal readonly record struct QuorumEndpoint(string Listener, NetworkAddress Address);
