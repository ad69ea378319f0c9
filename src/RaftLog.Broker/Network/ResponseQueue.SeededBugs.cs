using RaftLog.Protocol;

namespace RaftLog.Broker.Network;

internal sealed partial class ResponseQueue
{
    partial void SeededBugSendsReadyFirst()
    {
        for (int turns = _queue.Count; SeededBug.Is(42) && turns > 0 && !_queue.Peek().Frame.IsCompleted; turns--)
        {
            _queue.Enqueue(_queue.Dequeue());
        }
    }
}
