namespace RaftLog.Protocol.Wire;

/// <summary>A request, which knows its api key and the type of its response.</summary>
/// <typeparam name="TResponse">What answers it, in the same version.</typeparam>
public interface IRequest<TResponse> : IVersionedMessage
    where TResponse : IVersionedMessage, new()
{
    /// <summary>The api key in the header of this request.</summary>
    static abstract ApiKey ApiKey { get; }

    /// <summary>
    /// The same for code that holds a request without its type, so that a call can infer the response's type from the request.
    /// </summary>
    ApiKey Api { get; }
}
