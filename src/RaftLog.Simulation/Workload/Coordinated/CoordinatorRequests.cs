using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation;

/// <summary>
/// Requests to coordinators, once each. Whoever does not answer, or says that it is none, is looked up again for the next request.
/// </summary>
internal sealed class CoordinatorRequests(ProgramWorld world)
{
    private const short OneKey = 3;
    private static readonly TimeSpan LookupLimit = TimeSpan.FromSeconds(2);

    private readonly SortedDictionary<(CoordinatorKind Kind, string Key), NodeId> _known = [];

    /// <summary>How long to wait for a response.</summary>
    internal static TimeSpan Limit { get; } = TimeSpan.FromSeconds(3);

    /// <summary>Sends a request to the coordinator of a key.</summary>
    /// <param name="kind">What the key names.</param>
    /// <param name="key">The group, or the transactional id.</param>
    /// <param name="request">The request.</param>
    /// <param name="errorOf">The error that a response tells.</param>
    /// <param name="highestVersion">The highest version to speak.</param>
    /// <param name="limit">How long to wait for the response.</param>
    internal async Task<CallResult<TResponse>> CallAsync<TResponse>(
        CoordinatorKind kind,
        string key,
        IRequest<TResponse> request,
        Func<TResponse, ErrorCode> errorOf,
        short highestVersion = short.MaxValue,
        TimeSpan? limit = null
    )
        where TResponse : class, IVersionedMessage, new()
    {
        if (await FindAsync(kind, key) is not { } coordinator)
        {
            return new CallResult<TResponse>(null, ErrorCode.CoordinatorNotAvailable, WasSent: false);
        }

        RpcResult<TResponse> result = await world.Client.CallAsync(coordinator, request, limit ?? Limit, highestVersion);
        if (!result.TryGet(out TResponse? response))
        {
            _known.Remove((kind, key));
            return new CallResult<TResponse>(
                null,
                ErrorCode.NetworkException,
                result.Outcome is not (RpcOutcome.Unsupported or RpcOutcome.Busy)
            );
        }

        ErrorCode error = errorOf(response);
        if (error is ErrorCode.NotCoordinator or ErrorCode.CoordinatorNotAvailable)
        {
            _known.Remove((kind, key));
        }

        return new CallResult<TResponse>(response, error, WasSent: true);
    }

    private async Task<NodeId?> FindAsync(CoordinatorKind kind, string key)
    {
        if (_known.TryGetValue((kind, key), out NodeId known))
        {
            return known;
        }

        FindCoordinatorRequest request = new() { Key = key, KeyType = (sbyte)kind };
        RpcResult<FindCoordinatorResponse> result = await world.Client.CallAsync(world.AnyNode(), request, LookupLimit, OneKey);
        if (!result.TryGet(out FindCoordinatorResponse? response) || response.ErrorCode != ErrorCode.None)
        {
            return null;
        }

        _known[(kind, key)] = response.NodeId;
        return response.NodeId;
    }
}
