using RaftLog.Client.Cluster;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Connections;

/// <summary>
/// The coordinator of one group or transactional id: found when it is first asked, and again when it has moved or does not answer.
/// </summary>
/// <param name="kind">What is coordinated.</param>
/// <param name="key">The group's id, or the transactional id.</param>
/// <param name="runtime">Clock and chance.</param>
/// <param name="finder">Where any broker is asked for the coordinator.</param>
/// <param name="calls">The connections to coordinators.</param>
/// <param name="metadata">Where brokers are.</param>
internal sealed class Coordinator(
    CoordinatorKind kind,
    string key,
    ClientRuntime runtime,
    ClusterCalls finder,
    ClusterCalls calls,
    ClusterMetadata metadata
)
{
    private readonly string _name = kind == CoordinatorKind.Group ? $"group '{key}'" : $"transactional id '{key}'";
    private NodeId _node = NodeId.None;
    private bool _wasFound;

    /// <summary>False as long as no request can have reached it.</summary>
    public bool WasFound => Volatile.Read(ref _wasFound);

    /// <summary>
    /// The level of a feature that the coordinator had finalized when its connection was opened (KIP-584); null when it cannot be reached.
    /// </summary>
    /// <exception cref="KafkaException">There is no coordinator.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<short?> TryFeatureLevelAsync(string feature, CallDeadline deadline) =>
        await calls.TryFeatureLevelAsync(await FindAsync(deadline), feature, deadline);

    /// <summary>
    /// One request, once. An error that says that the coordinator is elsewhere, or silence, makes the next call look for it again.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="errorOf">The error of the response as a whole.</param>
    /// <param name="deadline">Until when.</param>
    /// <param name="timeout">How long the coordinator may take; null for the usual time.</param>
    /// <param name="highestVersion">Where to stop below that version.</param>
    /// <returns>The response, whatever error it names, and that error; without a response
    /// <see cref="ErrorCode.NetworkException"/>.</returns>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<(TResponse? Response, ErrorCode Error, string Reason)> TryCallAsync<TResponse>(
        IRequest<TResponse> request,
        Func<TResponse, ErrorCode> errorOf,
        CallDeadline deadline,
        TimeSpan? timeout = null,
        short highestVersion = short.MaxValue
    )
        where TResponse : class, IVersionedMessage, new()
    {
        NodeId node;
        try
        {
            node = await FindAsync(deadline);
        }
        catch (KafkaException e)
        {
            return (null, e.Code, e.Message);
        }

        RpcResult<TResponse> result = await calls.CallAsync(node, request, deadline, highestVersion, timeout);
        if (!result.TryGet(out TResponse? response))
        {
            _node = NodeId.None;
            return (
                null,
                result.Outcome == RpcOutcome.Unsupported ? ErrorCode.UnsupportedVersion : ErrorCode.NetworkException,
                result.Reason
            );
        }

        ErrorCode error = errorOf(response);
        if (error.NeedsCoordinator())
        {
            _node = NodeId.None;
        }

        return (response, error, $"the coordinator of {_name}, node {node}, responded with {error}");
    }

    /// <summary>One request, tried again while the coordinator moves, loads or cannot be reached.</summary>
    /// <param name="request">The request.</param>
    /// <param name="errorOf">The error of the response as a whole; a retriable one is tried again.</param>
    /// <param name="deadline">Until when.</param>
    /// <param name="highestVersion">Where to stop below that version.</param>
    /// <exception cref="KafkaException">The coordinator did not respond in time, or does not serve the API.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<TResponse> CallAsync<TResponse>(
        IRequest<TResponse> request,
        Func<TResponse, ErrorCode> errorOf,
        CallDeadline deadline,
        short highestVersion = short.MaxValue
    )
        where TResponse : class, IVersionedMessage, new()
    {
        Backoff backoff = runtime.NewBackoff();
        while (true)
        {
            (TResponse? response, ErrorCode error, string reason) = await TryCallAsync(request, errorOf, deadline, null, highestVersion);
            if (response is not null && !error.IsRetriable())
            {
                return response;
            }

            if (!error.IsRetriable() || !await deadline.PauseAsync(backoff.Next()))
            {
                throw new KafkaException(error, $"{request.Api} for {_name}: {reason}");
            }
        }
    }

    private async ValueTask<NodeId> FindAsync(CallDeadline deadline)
    {
        NodeId known = _node;
        if (known.IsNode)
        {
            return known;
        }

        FindCoordinatorRequest request = new()
        {
            KeyType = (sbyte)kind,
            Key = key,
            CoordinatorKeys = [key],
        };
        FindCoordinatorResponse response = await finder.CallAnyAsync(request, ErrorOf, deadline);
        if (ErrorOf(response) is var error and not ErrorCode.None)
        {
            throw new KafkaException(
                error,
                $"{_name} has no coordinator: {response.ErrorMessage ?? response.Coordinators.FirstOrDefault()?.ErrorMessage}"
            );
        }

        // Connections are opened to brokers that metadata knows.
        NodeId node = response.Coordinators is [{ } found] ? found.NodeId : response.NodeId;
        if (!metadata.View.TryGetBroker(node, out _))
        {
            metadata.Invalidate();
            await metadata.FreshAsync(deadline);
        }

        _node = node;
        Volatile.Write(ref _wasFound, true);
        return node;
    }

    private static ErrorCode ErrorOf(FindCoordinatorResponse response) =>
        response.Coordinators is [{ } found] ? found.ErrorCode : response.ErrorCode;
}
