using System.Runtime.InteropServices;
using RaftLog.Broker.Fetching;
using RaftLog.Platform;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Requests;

/// <summary>Writes whole response frames: length, header, body.</summary>
internal static class ResponseFrame
{
    /// <summary>Encodes a response in a version of its body; the header's form follows the version that was asked in.</summary>
    /// <param name="body">The response.</param>
    /// <param name="asked">The header of the request.</param>
    /// <param name="bodyVersion">The version of the response.</param>
    /// <param name="writer">An empty writer, which becomes the frame.</param>
    public static WireWriter Encode(IMessage body, RequestHeader asked, short bodyVersion, WireWriter writer)
    {
        int length = writer.ReserveInt32();
        new ResponseHeader(asked.CorrelationId).Write(writer, asked.ApiKey, bodyVersion);
        body.Write(writer, bodyVersion);
        writer.PatchInt32(length, writer.Length - sizeof(int));
        return writer;
    }

    /// <summary>Adds all that a frame consists of, in order: its own bytes, and the ranges of files that stand in it.</summary>
    public static void AddPieces(WireWriter frame, List<SendPiece> pieces)
    {
        IReadOnlyList<ReadOnlyMemory<byte>> parts = frame.Pieces;
        for (int i = 0; i < parts.Count; i++)
        {
            if (MemoryMarshal.TryGetMemoryManager(parts[i], out LogSliceBytes? slice))
            {
                slice.AddTo(pieces);
            }
            else
            {
                pieces.Add(parts[i]);
            }
        }
    }
}
