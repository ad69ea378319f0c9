using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Control;

/// <summary>
/// A request that a broker sends to the controller in an Envelope (KIP-590), where the controller judges it otherwise when it comes from a
/// client directly: a broker knows its own log directories, so it may cordon them, and a client of the controller may not (KIP-1066).
/// </summary>
internal static class ForwardedRequest
{
    /// <summary>The version of DefaultPrincipal, "User", "ANONYMOUS", no delegation token and no tags.</summary>
    private static readonly byte[] Anonymous = [0, 0, 5, .. "User"u8, 10, .. "ANONYMOUS"u8, 0, 0];

    private static readonly byte[] Loopback = [127, 0, 0, 1];

    /// <summary>True for the requests that are sent so.</summary>
    public static bool IsJudgedBySender(ApiKey api) => api is ApiKey.IncrementalAlterConfigs or ApiKey.AlterConfigs;

    /// <summary>Puts a request into an envelope, in the highest version that there is.</summary>
    public static EnvelopeRequest Wrap<TResponse>(IRequest<TResponse> request)
        where TResponse : class, IVersionedMessage, new()
    {
        short version = VersionOf(request.Api);
        WireWriter writer = new();
        new RequestHeader(request.Api, version, 0, "").Write(writer);
        request.Write(writer, version);
        return new EnvelopeRequest
        {
            RequestData = writer.ToArray(),
            RequestPrincipal = (Memory<byte>)Anonymous,
            ClientHostAddress = Loopback,
        };
    }

    /// <summary>Takes the response out of an envelope; null where the controller is another one or has not taken the request.</summary>
    public static TResponse? Unwrap<TResponse>(ApiKey api, EnvelopeResponse envelope)
        where TResponse : class, IVersionedMessage, new()
    {
        if (envelope.ErrorCode != ErrorCode.None || envelope.ResponseData is not { } data)
        {
            return null;
        }

        short version = VersionOf(api);
        WireReader reader = new(data.ToArray());
        ResponseHeader.Read(ref reader, api, version);
        TResponse response = new();
        response.Read(ref reader, version);
        return response;
    }

    private static short VersionOf(ApiKey api) =>
        api == ApiKey.AlterConfigs ? AlterConfigsRequest.HighestVersion : IncrementalAlterConfigsRequest.HighestVersion;
}
