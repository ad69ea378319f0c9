using System.Runtime.CompilerServices;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Requests;

/// <summary>The row of one API whose messages come from the schemas.</summary>
/// <typeparam name="TRequest">The request.</typeparam>
/// <typeparam name="TResponse">The response.</typeparam>
/// <param name="handler">Who answers.</param>
/// <param name="lowest">The lowest version that is accepted.</param>
/// <param name="highest">The highest version that is accepted.</param>
/// <param name="advertisedLowest">The lowest version that ApiVersions names.</param>
internal sealed class MessageApi<TRequest, TResponse>(
    IRequestHandler<TRequest, TResponse> handler,
    short lowest,
    short highest,
    short advertisedLowest
) : Api(TRequest.ApiKey, lowest, highest, advertisedLowest)
    where TRequest : class, IRequest<TResponse>, new()
    where TResponse : class, IVersionedMessage, new()
{
    private static readonly bool s_isReused = typeof(TRequest).IsAssignableTo(typeof(IReusedMessage));

    internal override ValueTask<WireWriter?> RespondAsync(ref WireReader reader, RequestHeader header, RequestContext context)
    {
        TRequest request = s_isReused && context.IsReusable ? context.Kept<TRequest>() : new();
        request.Read(ref reader, context.Version);
        return EncodeAsync(handler.HandleAsync(request, context), header, context);
    }

    internal override async ValueTask<IMessage?> HandleLocalAsync(IMessage request, RequestContext context) =>
        await handler.HandleAsync((TRequest)request, context);

    [AsyncMethodBuilder(typeof(ReusedStateMethodBuilder<>))]
    private static async ValueTask<WireWriter?> EncodeAsync(ValueTask<TResponse?> handling, RequestHeader header, RequestContext context)
    {
        if (await handling is not { } response)
        {
            return null;
        }

        if (context.ThrottleTimeMs > 0 && response is IThrottledMessage throttled)
        {
            throttled.ThrottleTimeMs = context.ThrottleTimeMs;
        }

        return ResponseFrame.Encode(response, header, context.Version, context.Response);
    }
}
