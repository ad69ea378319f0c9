using RaftLog.Protocol.Messages;

namespace RaftLog.Protocol.Wire;

/// <summary>
/// What stands before every response: version 0, or version 1 (with tagged fields) when the request's version is flexible. Before an
/// ApiVersions response it is always version 0, because the client does not know yet what the server speaks (KIP-511).
/// </summary>
/// <param name="CorrelationId">The number of the request that is answered.</param>
public readonly record struct ResponseHeader(int CorrelationId)
{
    /// <summary>Reads the header of a response to a request of this key and version.</summary>
    /// <exception cref="ProtocolException">The bytes are no header, or the api key is not known.</exception>
    public static ResponseHeader Read(ref WireReader reader, ApiKey key, short version)
    {
        ResponseHeader header = new(reader.ReadInt32());
        if (HasTags(key, version))
        {
            reader.SkipTags();
        }

        return header;
    }

    /// <summary>Appends the header of a response to a request of this key and version.</summary>
    /// <exception cref="ProtocolException">The api key is not known.</exception>
    public void Write(WireWriter writer, ApiKey key, short version)
    {
        writer.WriteInt32(CorrelationId);
        if (HasTags(key, version))
        {
            writer.WriteNoTags();
        }
    }

    private static bool HasTags(ApiKey key, short version)
    {
        if (key == ApiKey.ApiVersions)
        {
            return false;
        }

        return ApiCatalog.TryFind(key, out ApiDescription? api)
            ? api.IsFlexible(version)
            : throw new ProtocolException($"api key {(short)key} is not known");
    }
}
