using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Groups;

/// <summary>Requests to the coordinator of one group, which is found when it is needed and again when it has moved.</summary>
/// <param name="group">The group's id.</param>
/// <param name="runtime">Clock and chance.</param>
/// <param name="quick">Where any broker is asked for the coordinator.</param>
/// <param name="connections">The connections to coordinators.</param>
/// <param name="metadata">Where brokers are.</param>
internal sealed class GroupCalls(string group, ClientRuntime runtime, ClusterCalls quick, ConnectionSet connections, MetadataCache metadata)
{
    /// <summary>The last version that names one coordinator, which every broker serves.</summary>
    private const short OneCoordinator = 3;

    private readonly ClusterCalls _calls = new(runtime, connections);
    private NodeId _coordinator = NodeId.None;

    /// <summary>The coordinator has moved, or does not answer: it is looked for again.</summary>
    public void Forget() => _coordinator = NodeId.None;

    /// <summary>One request, once. An error of the coordinator's own, or none to be found, makes the next call look for it again.</summary>
    /// <param name="request">The request.</param>
    /// <param name="errorOf">The error of the answer as a whole.</param>
    /// <param name="deadline">Until when.</param>
    /// <param name="timeout">How long the coordinator may take; null for the usual time.</param>
    /// <param name="highestVersion">Where to stop below that version.</param>
    /// <returns>The answer, whatever error it names, and that error; without an answer <see cref="ErrorCode.NetworkException"/>.</returns>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<(TResponse? Response, ErrorCode Error, string Reason)> TryCallAsync<TResponse>(
        IRequest<TResponse> request, Func<TResponse, ErrorCode> errorOf, Deadline deadline, TimeSpan? timeout = null, short highestVersion = short.MaxValue)
        where TResponse : class, IVersionedMessage, new()
    {
        NodeId coordinator = _coordinator;
        try
        {
            if (!coordinator.IsNode)
            {
                coordinator = _coordinator = await FindAsync(deadline);
            }
        }
        catch (KafkaException e)
        {
            return (null, e.Code, e.Message);
        }

        RpcResult<TResponse> result = await _calls.CallAsync(coordinator, request, deadline, highestVersion, timeout);
        if (!result.TryGet(out TResponse? response))
        {
            Forget();
            return (null, result.Outcome == RpcOutcome.Unsupported ? ErrorCode.UnsupportedVersion : ErrorCode.NetworkException, result.Reason);
        }

        ErrorCode error = errorOf(response);
        if (error is ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable)
        {
            Forget();
        }

        return (response, error, $"the coordinator of group '{group}' answered {error}");
    }

    private async ValueTask<NodeId> FindAsync(Deadline deadline)
    {
        FindCoordinatorRequest request = new() { Key = group, KeyType = 0 };
        FindCoordinatorResponse response = await quick.CallAnyAsync(request, static r => r.ErrorCode, deadline, OneCoordinator);
        if (response.ErrorCode != ErrorCode.None)
        {
            throw new KafkaException(response.ErrorCode, $"group '{group}' has no coordinator: {response.ErrorMessage}");
        }

        if (!metadata.View.TryGetBroker(response.NodeId, out _))
        {
            metadata.Invalidate();
            await metadata.FreshAsync(deadline);
        }

        return response.NodeId;
    }
}
