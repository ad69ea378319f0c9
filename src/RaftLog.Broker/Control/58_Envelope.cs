using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Control;

/// <summary>
/// Envelope (58), version 0: a request that a broker forwards for its client, answered with the whole frame of the inner answer (KIP-590).
/// </summary>
internal sealed class EnvelopeHandler(IReadOnlyList<Api> apis) : IRequestHandler<EnvelopeRequest, EnvelopeResponse>
{
    public ValueTask<EnvelopeResponse?> HandleAsync(EnvelopeRequest request, RequestContext context)
    {
        // The outer frame is only valid until the first wait, and the inner request is read before that.
        WireReader reader = new(request.RequestData);
        RequestHeader header;
        try
        {
            header = RequestHeader.Read(ref reader);
        }
        catch (ProtocolException)
        {
            return Rejected(ErrorCode.InvalidRequest);
        }

        Api? api = apis.FirstOrDefault(each => each.Key == header.ApiKey);
        if (api is null || header.ApiKey == ApiKey.Envelope)
        {
            return Rejected(ErrorCode.InvalidRequest);
        }

        if (header.ApiVersion < api.Lowest || header.ApiVersion > api.Highest)
        {
            return Rejected(ErrorCode.UnsupportedVersion);
        }

        RequestContext inner = context.Within(header.ApiKey, header.ApiVersion, header.ClientId ?? "");
        try
        {
            return WrapAsync(api.RespondAsync(ref reader, header, inner));
        }
        catch (ProtocolException)
        {
            return Rejected(ErrorCode.InvalidRequest);
        }
    }

    private static async ValueTask<EnvelopeResponse?> WrapAsync(ValueTask<WireWriter?> responding) =>
        await responding is { } frame
            ? new EnvelopeResponse { ResponseData = frame.ToArray()[sizeof(int)..] }
            : new EnvelopeResponse { ErrorCode = ErrorCode.InvalidRequest };

    private static ValueTask<EnvelopeResponse?> Rejected(ErrorCode error) =>
        ValueTask.FromResult<EnvelopeResponse?>(new EnvelopeResponse { ErrorCode = error });
}
