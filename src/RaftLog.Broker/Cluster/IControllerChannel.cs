using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Cluster;

/// <summary>The way from a broker to the active controller, whichever node that is now.</summary>
public interface IControllerChannel
{
    /// <summary>
    /// Sends a request to the active controller, finding it anew when it moves and sending again what was not answered: for requests that
    /// ask for nothing, or that carry an epoch by which a controller knows a second copy. Null when none has answered in time. The request
    /// may have been carried out even then.
    /// </summary>
    ValueTask<TResponse?> SendAsync<TResponse>(IRequest<TResponse> request, TimeSpan timeout)
        where TResponse : class, IVersionedMessage, new();

    /// <summary>
    /// The same for a change that a second copy would make twice: what was sent and not answered is not sent again, whatever time is left.
    /// A topic that another client has deleted meanwhile would come back. Null when it is not known what became of it.
    /// </summary>
    ValueTask<TResponse?> SendOnceAsync<TResponse>(IRequest<TResponse> request, TimeSpan timeout)
        where TResponse : class, IVersionedMessage, new();
}
