using RaftLog.Broker.Cluster;
using RaftLog.Broker.Fetching;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Replication;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// Fetch (1), versions 4 to 18, for consumers and followers alike: looks at all partitions, waits until there are <c>min.bytes</c>, an error or news for a
/// follower, or until its time is over, and reads the bytes only then. Sessions make repeated fetches small (KIP-227).
/// </summary>
internal sealed class FetchHandler(
    PartitionLookup lookup, FetchSessions sessions, MetadataCache cache, Waiters waiters, BufferPool buffers, int maxBytes)
    : IRequestHandler<FetchRequest, FetchResponse>
{
    private const short FirstWithReplicaState = 15;
    private const sbyte ReadCommitted = 1;

    public async ValueTask<FetchResponse?> HandleAsync(FetchRequest request, RequestContext context)
    {
        NodeId replica = context.Version < FirstWithReplicaState ? request.ReplicaId : request.ReplicaState.ReplicaId;
        FetchPlan plan = sessions.Resolve(request, context.Version, replica.IsNode, waiters.NowMs);
        if (plan.Error != ErrorCode.None)
        {
            return new FetchResponse { ErrorCode = plan.Error };
        }

        Audience audience = replica.IsNode ? Audience.Follower : request.IsolationLevel == ReadCommitted ? Audience.Committed : Audience.Uncommitted;
        FetchReader reader = new(lookup, audience, replica, request.ReplicaState.ReplicaEpoch, Math.Min(request.MaxBytes, maxBytes));
        long deadline = waiters.NowMs + Math.Max(0, request.MaxWaitMs);
        using DataWait wait = new(waiters);
        List<FetchedPartition> found = [];
        while (true)
        {
            bool answerNow = reader.Look(plan.Targets, found, request.MinBytes);
            long left = deadline - waiters.NowMs;
            if (answerNow || left <= 0)
            {
                break;
            }

            if (reader.Watch(found, wait) && await wait.WaitAsync(TimeSpan.FromMilliseconds(left)) == WaitOutcome.Closed)
            {
                break;
            }

            FetchReader.Release(found);
        }

        return new FetchAnswerBuilder(cache, buffers, context, plan, audience).Build(found);
    }
}
