using RaftLog.Broker.Cluster;
using RaftLog.Broker.Requests;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// Passes a request on to the active controller and its response back: for what only the controller can decide. A change is sent once: when
/// its response is lost the client is told so, where Kafka's brokers send it again and may make it twice (KIP-590). Where it is told how to
/// recognise the result, it holds the response until this node's own image shows it and this node has done what it asks for, so that a
/// client finds what it has just made.
/// </summary>
/// <typeparam name="TRequest">The request.</typeparam>
/// <typeparam name="TResponse">The response.</typeparam>
/// <param name="controller">The way to the controller.</param>
/// <param name="timeout">How long a controller may take to be found and to answer.</param>
/// <param name="reject">Makes the response for when none has answered.</param>
internal sealed class ForwardedToController<TRequest, TResponse>(
    IControllerChannel controller,
    TimeSpan timeout,
    Func<TRequest, TResponse> reject
) : IRequestHandler<TRequest, TResponse>
    where TRequest : class, IRequest<TResponse>
    where TResponse : class, IVersionedMessage, new()
{
    /// <summary>True for a request that changes nothing, which may be sent again.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>
    /// Brings what the fields of older versions say into those of the newest version, in which the request is passed on; null where no
    /// version has fields that the newest one lacks.
    /// </summary>
    public Action<TRequest>? Modernise { get; init; }

    /// <summary>Where to wait for the result; null to wait for nothing.</summary>
    public ResultSettling<TRequest, TResponse>? Settling { get; init; }

    public async ValueTask<TResponse?> HandleAsync(TRequest request, RequestContext context)
    {
        Modernise?.Invoke(request);
        TResponse response =
            await (IsReadOnly ? controller.SendAsync(request, timeout) : controller.SendOnceAsync(request, timeout)) ?? reject(request);
        if (Settling is { } settling)
        {
            await settling.WaitAsync(request, response);
        }

        return response;
    }
}
