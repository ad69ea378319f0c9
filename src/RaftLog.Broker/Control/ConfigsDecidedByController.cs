using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Control;

/// <summary>
/// Lets the active controller change configurations, and tells it whether a broker has passed the request on.
/// </summary>
/// <typeparam name="TRequest">The request.</typeparam>
/// <typeparam name="TResponse">The response.</typeparam>
/// <param name="active">The controller.</param>
/// <param name="decide">What it decides: the request, and whether it was forwarded.</param>
/// <param name="reject">The response with an error.</param>
internal sealed class ConfigsDecidedByController<TRequest, TResponse>(
    ActiveController active,
    Func<Controller, TRequest, bool, ControllerResult<TResponse>> decide,
    Func<TRequest, ErrorCode, TResponse> reject
) : IRequestHandler<TRequest, TResponse>
    where TResponse : class
{
    public async ValueTask<TResponse?> HandleAsync(TRequest request, RequestContext context)
    {
        bool isForwarded = context.IsForwarded;
        return await active.DecideAsync((controller, _, _) => decide(controller, request, isForwarded), error => reject(request, error));
    }
}
