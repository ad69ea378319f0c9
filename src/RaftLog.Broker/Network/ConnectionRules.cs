using RaftLog.Platform.Waiting;

namespace RaftLog.Broker.Network;

/// <summary>What holds for the connections of one listener.</summary>
/// <param name="MaxFrameBytes">Largest request (<c>socket.request.max.bytes</c>); a larger one closes its connection.</param>
/// <param name="MaxIdle">A connection over which nothing has gone for so long is closed (<c>connections.max.idle.ms</c>); negative:
/// never.</param>
/// <param name="MaxStall">
/// A connection whose client takes nothing of a response, or sends nothing more of a request, for so long is closed
/// (<c>raftlog.connection.stall.timeout.ms</c>).
/// </param>
/// <param name="Waiters">The node's clock and waits.</param>
/// <param name="Quota">What counts the connections; null where they are not counted.</param>
internal sealed record ConnectionRules(int MaxFrameBytes, TimeSpan MaxIdle, TimeSpan MaxStall, Waiters Waiters, ConnectionQuota? Quota);
