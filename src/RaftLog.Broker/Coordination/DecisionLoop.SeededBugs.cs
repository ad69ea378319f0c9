using RaftLog.Broker.Runtime;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Coordination;

internal sealed partial class DecisionLoop<TState>
{
    static partial void SeededBugRespondsEarly(PendingDecision request, IMessage response)
    {
        if ((SeededBug.Is(19) && response is EndTxnResponse) || (SeededBug.Is(21) && response is OffsetCommitResponse))
        {
            request.Respond(response);
        }
    }
}
