using RaftLog.Broker.Cluster;
using RaftLog.Broker.Requests;
using RaftLog.Platform;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Control;

/// <summary>
/// The way to the active controller. On the node that is the active controller it calls the handlers directly; otherwise it sends to the
/// quorum's leader as this node knows it, and again when that moves, until the caller's time is over.
/// </summary>
internal sealed class ControllerChannel(NodeId self, ControllerPeers peers, Func<ApiTable?> local, Waiters waiters) : IControllerChannel
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(20);

    private readonly ConnectionContext _self = new(-1, new NetworkAddress("", 0), "");

    /// <inheritdoc />
    public ValueTask<TResponse?> SendAsync<TResponse>(IRequest<TResponse> request, TimeSpan timeout)
        where TResponse : class, IVersionedMessage, new() => DeliverAsync(request, timeout, once: false);

    /// <inheritdoc />
    public ValueTask<TResponse?> SendOnceAsync<TResponse>(IRequest<TResponse> request, TimeSpan timeout)
        where TResponse : class, IVersionedMessage, new() => DeliverAsync(request, timeout, once: true);

    private async ValueTask<TResponse?> DeliverAsync<TResponse>(IRequest<TResponse> request, TimeSpan timeout, bool once)
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

            long seen = peers.Changes;
            (TResponse? response, bool isUnanswered) = await TryAsync(request, TimeSpan.FromMilliseconds(left));
            if (response is not null && !ErrorResponses.IsNotController(response) && (once || !ErrorResponses.IsUndecided(response)))
            {
                return response;
            }

            if (once && isUnanswered)
            {
                return null;
            }

            if (await peers.WhenChangedAsync(seen, RetryPause) == WaitOutcome.Closed)
            {
                return null;
            }
        }
    }

    /// <summary>One copy of the request: its response, if any, and whether it was sent without being answered.</summary>
    private async ValueTask<(TResponse? Response, bool IsUnanswered)> TryAsync<TResponse>(IRequest<TResponse> request, TimeSpan timeout)
        where TResponse : class, IVersionedMessage, new()
    {
        NodeId leader = peers.Leader;
        if (leader == self && local() is { } apis && apis.TryFind(request.Api, out Api? api))
        {
            RequestContext context = new(request.Api, api.Highest, "", _self) { IsForwarded = true };
            return ((TResponse?)await api.HandleLocalAsync(request, context), false);
        }

        if (leader == self || peers.Find(leader) is not { } link || (await link.OpenAsync()).Channel is not { } channel)
        {
            return (null, false);
        }

        if (ForwardedRequest.IsJudgedBySender(request.Api))
        {
            RpcResult<EnvelopeResponse> wrapped = await channel.CallAsync(ForwardedRequest.Wrap(request), timeout);
            return wrapped.TryGet(out EnvelopeResponse? envelope)
                ? (ForwardedRequest.Unwrap<TResponse>(request.Api, envelope), false)
                : (null, IsUnanswered(wrapped.Outcome));
        }

        RpcResult<TResponse> result = await channel.CallAsync(request, timeout);
        return result.TryGet(out TResponse? response) ? (response, false) : (null, IsUnanswered(result.Outcome));
    }

    private static bool IsUnanswered(RpcOutcome outcome) => outcome is not (RpcOutcome.Unsupported or RpcOutcome.Busy);
}
