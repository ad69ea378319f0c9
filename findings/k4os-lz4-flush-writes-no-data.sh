#!/usr/bin/env bash
# K4os.Compression.LZ4.Streams 1.3.8: Flush on an encoding stream writes the frame's header and none of the data; a stream that was never written to
# writes no frame, not even an empty one.
# GZipStream and ZstdSharp's CompressionStream write what they have on Flush, so that a reader gets it. Here a reader of what Flush produced gets
# nothing, and the 0 bytes of an empty stream are not an LZ4 frame, which other decoders reject.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'K4os.Compression.LZ4.Streams 1.3.8' <<'CS'
using System.IO.Compression;
using K4os.Compression.LZ4.Streams;

byte[] data = "ten bytes."u8.ToArray();

MemoryStream lz4 = new();
using (Stream encoder = LZ4Stream.Encode(lz4, leaveOpen: true))
{
    encoder.Write(data);
    encoder.Flush();
    Console.WriteLine($"lz4 after Flush: {lz4.Length} bytes {Convert.ToHexString(lz4.ToArray())}");
}

Console.WriteLine($"lz4 after Dispose: {lz4.Length} bytes");

MemoryStream gzip = new();
using (GZipStream encoder = new(gzip, CompressionLevel.Optimal, leaveOpen: true))
{
    encoder.Write(data);
    encoder.Flush();
    byte[] read = new byte[data.Length];
    int length = new GZipStream(new MemoryStream(gzip.ToArray()), CompressionMode.Decompress).Read(read);
    Console.WriteLine($"gzip after Flush: a reader gets {length} bytes");
}

MemoryStream empty = new();
using (LZ4Stream.Encode(empty, leaveOpen: true))
{
}

Console.WriteLine($"lz4 of nothing: {empty.Length} bytes");
CS
out=$(dotnet "$app")
echo "$out"
expect 'Flush writes seven bytes of header only' '^lz4 after Flush: 7 bytes 04224D18' "$out"
expect 'the data comes with Dispose' '^lz4 after Dispose: [23][0-9] bytes$' "$out"
expect 'GZipStream hands the data on at Flush' '^gzip after Flush: a reader gets 10 bytes$' "$out"
expect 'an empty stream is no frame' '^lz4 of nothing: 0 bytes$' "$out"
