using RaftLog.Broker.Cluster;
using RaftLog.Broker.Requests;
using RaftLog.Platform;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Control;

/// <summary>
/// The way to the active controller. On the node that is the active controller it calls the handlers directly; otherwise it sends to the quorum's leader
/// as this node knows it, and again when that moves, until the caller's time is over.
/// </summary>
internal sealed class ControllerChannel(
    NodeId self, ControllerPeers peers, Func<ApiTable?> local, Waiters waiters) : IControllerChannel
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(20);

    private readonly RequestOrigin _origin = new(-1, new NetworkAddress("", 0), "");

    /// <inheritdoc />
    public async ValueTask<TResponse?> SendAsync<TResponse>(IRequest<TResponse> request, TimeSpan timeout)
        where TResponse : class, IVersionedMessage, new()
    {
        long deadline = waiters.NowMs + (long)timeout.TotalMilliseconds;
        while (true)
        {
            long left = deadline - waiters.NowMs;
            if (left <= 0)
            {
                return null;
            }

            TResponse? response = await TryAsync(request, TimeSpan.FromMilliseconds(left));
            if (response is not null && !Refusals.IsNotController(response))
            {
                return response;
            }

            if (await peers.WhenLeaderChangesAsync(RetryPause) == WaitOutcome.Closed)
            {
                return null;
            }
        }
    }

    private async ValueTask<TResponse?> TryAsync<TResponse>(IRequest<TResponse> request, TimeSpan timeout)
        where TResponse : class, IVersionedMessage, new()
    {
        NodeId leader = peers.Leader;
        if (leader == self && local() is { } apis && apis.TryFind(request.Api, out Api? api))
        {
            return (TResponse?)await api.HandleLocalAsync(request, new RequestContext(request.Api, api.Highest, "", _origin));
        }

        if (leader == self || peers.Find(leader) is not { } link)
        {
            return null;
        }

        RpcConnectResult connected = await link.OpenAsync();
        return connected.Channel is { } channel && (await channel.CallAsync(request, timeout)).TryGet(out TResponse? response) ? response : null;
    }
}
