using System.IO.Compression;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Compression;

/// <summary>gzip (RFC 1952) by the base class library.</summary>
internal static class GzipCodec
{
    private const int ReadSize = 4096;

    public static unsafe void Decompress(ReadOnlySpan<byte> source, PooledByteWriter target)
    {
        if (source.IsEmpty)
        {
            return; // The library writes nothing for nothing.
        }

        try
        {
            fixed (byte* start = source)
            {
                using UnmanagedMemoryStream input = new(start, source.Length);
                using GZipStream gzip = new(input, CompressionMode.Decompress);
                ReadAll(gzip, target);
            }
        }
        catch (InvalidDataException damaged)
        {
            throw new ProtocolException($"gzip data is damaged: {damaged.Message}", damaged);
        }
    }

    private static void ReadAll(GZipStream gzip, PooledByteWriter target)
    {
        while (target.Remaining > 0)
        {
            int read = gzip.Read(target.GetSpan(Math.Min(ReadSize, target.Remaining)));
            if (read == 0)
            {
                return;
            }

            target.Advance(read);
        }

        if (gzip.ReadByte() >= 0)
        {
            throw new ProtocolException($"gzip data is larger than the {target.Limit} bytes that are allowed here");
        }
    }
}
