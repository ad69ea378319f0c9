namespace RaftLog.Platform.Rpc;

/// <summary>The bounds and the name of this side of a channel.</summary>
/// <param name="ClientId">The client id in every request header: for the peer's logs and quotas.</param>
/// <param name="MaxFrameBytes">The largest response that is accepted; a larger one ends the channel.</param>
/// <param name="MaxInFlight">The most requests that wait for a response; at the bound a call ends as <see cref="RpcOutcome.Busy"/>.</param>
public sealed record RpcOptions(string ClientId, int MaxFrameBytes = 100 << 20, int MaxInFlight = 128);
