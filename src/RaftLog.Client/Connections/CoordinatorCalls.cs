using RaftLog.Client.Cluster;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Connections;

/// <summary>Requests to the coordinator of a group or a transactional id, wherever it is: looked up first, and again when it has moved.</summary>
/// <param name="runtime">The client.</param>
/// <param name="calls">The way to brokers.</param>
/// <param name="metadata">The cluster.</param>
/// <param name="keyType">What is coordinated.</param>
internal sealed class CoordinatorCalls(ClientRuntime runtime, ClusterCalls calls, MetadataCache metadata, sbyte keyType = CoordinatorCalls.GroupKey)
{
    /// <summary>A group.</summary>
    public const sbyte GroupKey = 0;

    /// <summary>A transactional id.</summary>
    public const sbyte TransactionKey = 1;

    private readonly string _kind = keyType == TransactionKey ? "transactional id" : "group";

    /// <summary>One request to a coordinator, tried again while it moves, loads or cannot be reached.</summary>
    /// <param name="key">The group or the transactional id.</param>
    /// <param name="request">The request.</param>
    /// <param name="errorOf">The error of the answer as a whole; a retriable one is tried again.</param>
    /// <param name="deadline">Until when.</param>
    /// <param name="highestVersion">The highest version to ask in.</param>
    /// <exception cref="KafkaException">The coordinator did not answer in time.</exception>
    public async ValueTask<TResponse> CallAsync<TResponse>(
        string key, IRequest<TResponse> request, Func<TResponse, ErrorCode> errorOf, Deadline deadline, short highestVersion = short.MaxValue)
        where TResponse : class, IVersionedMessage, new()
    {
        Backoff backoff = runtime.NewBackoff();
        while (true)
        {
            NodeId coordinator = await FindAsync(key, deadline);
            RpcResult<TResponse> result = await calls.CallAsync(coordinator, request, deadline, highestVersion);
            (ErrorCode error, string reason) = (ErrorCode.NetworkException, result.Reason);
            if (result.TryGet(out TResponse? response))
            {
                error = errorOf(response);
                if (!error.IsRetriable())
                {
                    return response;
                }

                reason = $"node {coordinator} answered {error}";
            }
            else if (result.Outcome == RpcOutcome.Unsupported)
            {
                throw new KafkaException(ErrorCode.UnsupportedVersion, $"{_kind} {key}: {reason}");
            }

            if (!await deadline.PauseAsync(backoff.Next()))
            {
                throw new KafkaException(error, $"{_kind} {key}: {reason}");
            }
        }
    }

    private async ValueTask<NodeId> FindAsync(string key, Deadline deadline)
    {
        FindCoordinatorRequest request = new() { KeyType = keyType, Key = key, CoordinatorKeys = [key] };
        FindCoordinatorResponse response = await calls.CallAnyAsync(request, ErrorOf, deadline);
        if (ErrorOf(response) is var error and not ErrorCode.None)
        {
            throw new KafkaException(error, $"{_kind} {key} has no coordinator: {response.ErrorMessage ?? response.Coordinators.FirstOrDefault()?.ErrorMessage}");
        }

        // Connections are opened to brokers that metadata knows.
        NodeId node = response.Coordinators is [{ } found] ? found.NodeId : response.NodeId;
        if (!metadata.View.TryGetBroker(node, out _))
        {
            metadata.Invalidate();
            await metadata.FreshAsync(deadline);
        }

        return node;
    }

    private static ErrorCode ErrorOf(FindCoordinatorResponse response) => response.Coordinators is [{ } found] ? found.ErrorCode : response.ErrorCode;
}
