using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Requests;

/// <summary>One row of a listener's API table: decodes a request, lets its handler answer and encodes the response.</summary>
public abstract class Api(ApiKey key, short lowest, short highest, short advertisedLowest)
{
    /// <summary>The API.</summary>
    public ApiKey Key { get; } = key;

    /// <summary>The lowest version that is accepted.</summary>
    public short Lowest { get; } = lowest;

    /// <summary>The highest version that is accepted.</summary>
    public short Highest { get; } = highest;

    /// <summary>
    /// The lowest version that ApiVersions names: below <see cref="Lowest"/> only for Produce, whose old versions librdkafka looks for.
    /// </summary>
    public short AdvertisedLowest { get; } = advertisedLowest;

    /// <summary>
    /// The highest version that ApiVersions names: below <see cref="Highest"/> only for versions that Kafka calls unstable.
    /// </summary>
    public short AdvertisedHighest { get; init; } = highest;

    /// <summary>
    /// True where the next request of the connection may start before this one is answered; answers still leave in order.
    /// </summary>
    public bool Overlaps { get; init; }

    /// <summary>What is counted of its requests.</summary>
    internal ApiCounters Counters { get; } = new();

    /// <summary>
    /// Reads the body at <paramref name="reader"/> and runs the handler. The frame's bytes are valid until the handler first waits.
    /// </summary>
    /// <returns>The whole response frame, or null when none is sent.</returns>
    /// <exception cref="ProtocolException">The body is not of that version's form.</exception>
    internal abstract ValueTask<WireWriter?> RespondAsync(ref WireReader reader, RequestHeader header, RequestContext context);

    /// <summary>Runs the handler for a request of this node itself, without bytes in between.</summary>
    internal abstract ValueTask<IMessage?> HandleLocalAsync(IMessage request, RequestContext context);
}

/// <summary>Answers one kind of request. The flow of a request reads top to bottom in <see cref="HandleAsync"/>.</summary>
/// <typeparam name="TRequest">The request.</typeparam> <typeparam name="TResponse">The response.</typeparam>
public interface IRequestHandler<in TRequest, TResponse>
    where TResponse : class
{
    /// <summary>The response, or null when none is sent (produce with acks=0).</summary>
    ValueTask<TResponse?> HandleAsync(TRequest request, RequestContext context);
}
