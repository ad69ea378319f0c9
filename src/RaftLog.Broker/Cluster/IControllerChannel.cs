using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Cluster;

/// <summary>The way from a broker to the active controller, whichever node that is now.</summary>
public interface IControllerChannel
{
    /// <summary>
    /// Sends a request to the active controller, finding it anew when it moves; null when none has answered in time. The request may have been
    /// carried out even then.
    /// </summary>
    ValueTask<TResponse?> SendAsync<TResponse>(IRequest<TResponse> request, TimeSpan timeout)
        where TResponse : class, IVersionedMessage, new();
}
