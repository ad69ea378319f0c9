using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Control;

/// <summary>
/// Lets the active controller of this node answer a request; rejected as <see cref="ActiveController.DecideAsync"/> says.
/// </summary>
/// <typeparam name="TRequest">The request.</typeparam>
/// <typeparam name="TResponse">The response.</typeparam>
/// <param name="active">The controller.</param>
/// <param name="decide">What it decides: the request, the offset of its next record, and the time.</param>
/// <param name="reject">The response with an error.</param>
internal sealed class DecidedByController<TRequest, TResponse>(
    ActiveController active,
    Func<Controller, TRequest, Offset, long, ControllerResult<TResponse>> decide,
    Func<TRequest, ErrorCode, TResponse> reject
) : IRequestHandler<TRequest, TResponse>
    where TResponse : class
{
    public async ValueTask<TResponse?> HandleAsync(TRequest request, RequestContext context) =>
        await active.DecideAsync(
            (controller, nextOffset, nowMs) => decide(controller, request, nextOffset, nowMs),
            error => reject(request, error)
        );
}
