using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Control;

internal sealed partial class ActiveController
{
    partial void SeededBugKeepsController(ref Controller? kept) => kept = SeededBug.Is(38) ? _controller : kept;

    static partial void SeededBugRespondsEarly<T>(PendingDecision<T> request, T response)
    {
        if (SeededBug.Is(22) || (SeededBug.Is(87) && response is BrokerHeartbeatResponse))
        {
            request.Respond(response!);
        }
    }
}
