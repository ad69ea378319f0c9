using RaftLog.Broker.Requests;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Network;

/// <summary>The place of one request in its connection's order of answers.</summary>
/// <param name="Frame">The answer frame when it is ready; null when none is sent.</param>
/// <param name="Context">The request, whose leases end when the answer has been sent.</param>
internal readonly record struct PendingAnswer(ValueTask<WireWriter?> Frame, RequestContext Context);
