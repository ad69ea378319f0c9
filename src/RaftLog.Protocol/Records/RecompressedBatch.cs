using System.Buffers;
using System.Buffers.Binary;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Records;

/// <summary>
/// Compresses the records of a batch with another codec, piece by piece. The records themselves and the rest of the header stay as they
/// are.
/// </summary>
public static class RecompressedBatch
{
    private const int PieceBytes = 16 * 1024;

    /// <summary>Writes the batch anew.</summary>
    /// <param name="source">A whole batch.</param>
    /// <param name="codec">The codec to go to.</param>
    /// <param name="level">Its level, as in <see cref="RecordCompression.Compress"/>.</param>
    /// <param name="windowLimit">The most bytes that decompression may keep.</param>
    /// <param name="target">Takes the batch; its limit is the bound of the new one.</param>
    /// <exception cref="UnsupportedCompressionException">A codec does not exist.</exception>
    /// <exception cref="SizeLimitException">The new batch is larger than the limit of the target.</exception>
    /// <exception cref="Wire.ProtocolException">The compressed bytes are damaged.</exception>
    public static void Write(ReadOnlyMemory<byte> source, CompressionType codec, int level, long windowLimit, PooledByteWriter target)
    {
        BatchStatus status = RecordBatch.Read(source.Span, out RecordBatch batch);
        Invariant.Holds(status == BatchStatus.Complete, "P-03", "only a whole batch can be compressed anew");
        target.Write(source.Span[..RecordBatch.HeaderSize]);
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            using PlainStream plain = PlainStream.Open(batch.Attributes.Compression, source[RecordBatch.HeaderSize..], windowLimit);
            using CompressedStream compressed = CompressedStream.Open(codec, level, target);
            int read = plain.Read(piece);
            while (read > 0)
            {
                compressed.Write(piece.AsSpan(0, read));
                read = plain.Read(piece);
            }

            compressed.Finish();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }

        Span<byte> header = target.Written;
        BinaryPrimitives.WriteInt32BigEndian(header[BatchFormat.BatchLength..], header.Length - BatchFormat.LengthEnd);
        BinaryPrimitives.WriteInt16BigEndian(header[BatchFormat.Attributes..], batch.Attributes.With(codec).Bits);
        BinaryPrimitives.WriteUInt32BigEndian(header[BatchFormat.Crc..], Crc32C.Compute(header[BatchFormat.CrcStart..]));
    }
}
