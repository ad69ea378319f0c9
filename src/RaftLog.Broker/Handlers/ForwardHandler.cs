using RaftLog.Broker.Cluster;
using RaftLog.Broker.Requests;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Handlers;

/// <summary>Passes a request on to the active controller and its answer back: for what only the controller can decide.</summary>
/// <typeparam name="TRequest">The request.</typeparam>
/// <typeparam name="TResponse">The answer.</typeparam>
/// <param name="controller">The way to the controller.</param>
/// <param name="timeout">How long a controller may take to be found and to answer.</param>
/// <param name="refuse">Makes the answer for when none has answered.</param>
internal sealed class ForwardHandler<TRequest, TResponse>(IControllerChannel controller, TimeSpan timeout, Func<TRequest, TResponse> refuse)
    : IRequestHandler<TRequest, TResponse>
    where TRequest : class, IRequest<TResponse>
    where TResponse : class, IVersionedMessage, new()
{
    public async ValueTask<TResponse?> HandleAsync(TRequest request, RequestContext context) =>
        await controller.SendAsync(request, timeout) ?? refuse(request);
}
