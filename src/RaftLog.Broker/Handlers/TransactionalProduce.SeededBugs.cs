using RaftLog.Protocol;

namespace RaftLog.Broker.Handlers;

internal sealed partial class TransactionalProduce
{
    static partial void SeededBugSkipsVerification(List<ProduceSlot> unverified) => unverified.RemoveAll(static _ => SeededBug.Is(18));
}
