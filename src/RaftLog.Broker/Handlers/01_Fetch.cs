using RaftLog.Broker.Cluster;
using RaftLog.Broker.Fetching;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Replication;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// Fetch (1), versions 4 to 18, for consumers and followers alike: looks at all partitions, waits until there are <c>min.bytes</c>, an
/// error or news for a follower, or until its time is over, and reads the bytes only then. Sessions make repeated fetches small (KIP-227).
/// </summary>
internal sealed class FetchHandler(
    PartitionLookup lookup,
    FetchSessions sessions,
    MetadataCache cache,
    ReplicationThrottle throttle,
    Waiters waiters,
    int maxBytes
) : IRequestHandler<FetchRequest, FetchResponse>
{
    private const short FirstWithReplicaState = 15;
    private const sbyte ReadCommitted = 1;

    public async ValueTask<FetchResponse?> HandleAsync(FetchRequest request, RequestContext context)
    {
        NodeId replica = context.Version < FirstWithReplicaState ? request.ReplicaId : request.ReplicaState.ReplicaId;
        using FetchPlan plan = sessions.Resolve(request, context.Version, replica, waiters.NowMs);
        if (plan.Error != ErrorCode.None)
        {
            return new FetchResponse { ErrorCode = plan.Error };
        }

        Audience audience =
            replica.IsNode ? Audience.Follower
            : request.IsolationLevel == ReadCommitted ? Audience.Committed
            : Audience.Uncommitted;
        int mostBytes = Math.Min(request.MaxBytes, maxBytes);
        FetchReader reader = new(lookup, audience, replica, request.ReplicaState.ReplicaEpoch, mostBytes)
        {
            Throttle = throttle,
            NowMs = () => waiters.NowMs,
        };
        List<FetchedPartition> found = [];
        bool isEnough = reader.Look(plan.TakeDue(audience), found, Math.Min(request.MinBytes, mostBytes)) || plan.IsEmpty;
        if (!isEnough && request.MaxWaitMs > 0)
        {
            await WaitAsync(request, context, reader, plan, found);
        }

        reader.Count(found);
        FetchResponse response = new FetchResponseBuilder(cache, context, plan, audience).Build(found);
        plan.Settle(reader, found);
        return response;
    }

    /// <summary>Looks again at each news, until there is enough, the time is over or the client is gone.</summary>
    private async ValueTask WaitAsync(
        FetchRequest request,
        RequestContext context,
        FetchReader reader,
        FetchPlan plan,
        List<FetchedPartition> found
    )
    {
        int leastBytes = Math.Min(request.MinBytes, Math.Min(request.MaxBytes, maxBytes));
        long deadline = waiters.NowMs + request.MaxWaitMs;
        using DataWait wait = new(waiters);
        context.Connection.WhenEnded(wait, wait.Close);
        while (!context.Connection.HasEnded)
        {
            long left = deadline - waiters.NowMs;
            if (left <= 0 || await plan.WaitAsync(reader, found, wait, TimeSpan.FromMilliseconds(left)) == WaitOutcome.Closed)
            {
                break;
            }

            FetchReader.Release(found);
            if (reader.Look(plan.TakeDue(reader.Audience), found, leastBytes))
            {
                break;
            }
        }

        context.Connection.Forget(wait);
    }
}
