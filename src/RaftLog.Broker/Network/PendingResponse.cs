using RaftLog.Broker.Requests;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Network;

/// <summary>The place of one request in its connection's order of responses.</summary>
/// <param name="Frame">The response frame when it is ready; null when none is sent.</param>
/// <param name="Context">The request, whose leases end when the response has been sent.</param>
internal readonly record struct PendingResponse(ValueTask<WireWriter?> Frame, RequestContext Context);
