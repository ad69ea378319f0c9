using RaftLog.Protocol.Messages;

namespace RaftLog.Protocol.Wire;

/// <summary>
/// What stands before every request. Version 1, or version 2 (with tagged fields) when the request's own version is flexible; the client id
/// keeps its two-byte length in both (KIP-482).
/// </summary>
/// <param name="ApiKey">Which request follows.</param>
/// <param name="ApiVersion">In which version, known to this program or not.</param>
/// <param name="CorrelationId">The number that the response repeats.</param>
/// <param name="ClientId">The name that the client gave itself, or null.</param>
public readonly record struct RequestHeader(ApiKey ApiKey, short ApiVersion, int CorrelationId, string? ClientId)
{
    /// <summary>Reads a header. The version is not judged: the response to an unknown one depends on the API.</summary>
    /// <param name="reader">Stands at its first byte.</param>
    /// <param name="knownClientId">What the client called itself before; the same string is the result when it has not changed.</param>
    /// <exception cref="ProtocolException">The bytes are no header, or the api key is not known, so that its form is not
    /// either.</exception>
    public static RequestHeader Read(ref WireReader reader, string? knownClientId = null)
    {
        ApiKey key = (ApiKey)reader.ReadInt16();
        short version = reader.ReadInt16();
        int correlationId = reader.ReadInt32();
        string? clientId = reader.ReadNullableString(compact: false, "RequestHeader.ClientId", knownClientId);
        if (Flexible(key, version))
        {
            reader.SkipTags();
        }

        return new RequestHeader(key, version, correlationId, clientId);
    }

    /// <summary>Appends the header.</summary>
    /// <exception cref="ProtocolException">The api key is not known, or the client id is longer than 32767 bytes.</exception>
    public void Write(WireWriter writer)
    {
        writer.WriteInt16((short)ApiKey);
        writer.WriteInt16(ApiVersion);
        writer.WriteInt32(CorrelationId);
        writer.WriteNullableString(compact: false, ClientId);
        if (Flexible(ApiKey, ApiVersion))
        {
            writer.WriteNoTags();
        }
    }

    private static bool Flexible(ApiKey key, short version) =>
        ApiCatalog.TryFind(key, out ApiDescription? api)
            ? api.IsFlexible(version)
            : throw new ProtocolException($"api key {(short)key} is not known");
}
