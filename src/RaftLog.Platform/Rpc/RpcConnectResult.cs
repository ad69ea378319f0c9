namespace RaftLog.Platform.Rpc;

/// <summary>The end of connecting to a peer.</summary>
/// <param name="Outcome">How the connect itself ended. A peer that accepts and then fails the handshake counts as silent.</param>
/// <param name="Channel">The open channel, its versions known, when accepted; else null.</param>
/// <param name="Reason">Why there is no channel, for people; empty when there is one.</param>
public readonly record struct RpcConnectResult(ConnectOutcome Outcome, RpcChannel? Channel, string Reason);
