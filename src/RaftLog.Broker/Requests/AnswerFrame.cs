using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Requests;

/// <summary>Writes whole answer frames: length, header, body.</summary>
internal static class AnswerFrame
{
    /// <summary>Encodes an answer in a version of its body; the header's form follows the version that was asked in.</summary>
    public static WireWriter Encode(IMessage body, RequestHeader asked, short bodyVersion)
    {
        WireWriter writer = new();
        int length = writer.ReserveInt32();
        new ResponseHeader(asked.CorrelationId).Write(writer, asked.ApiKey, bodyVersion);
        body.Write(writer, bodyVersion);
        writer.PatchInt32(length, writer.Length - sizeof(int));
        return writer;
    }
}
