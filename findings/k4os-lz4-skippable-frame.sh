#!/usr/bin/env bash
# K4os.Compression.LZ4.Streams 1.3.8: LZ4Stream.Decode reads concatenated frames, but no skippable frame (magic numbers 0x184D2A50 to 0x184D2A5F), which the LZ4 frame
# format says a decoder passes over: with one in front nothing is read, with one between two frames the second is lost to an exception. ZstdSharp.Port 0.8.8,
# whose format has the same skippable frames, passes over them.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'K4os.Compression.LZ4.Streams 1.3.8;ZstdSharp.Port 0.8.8' <<'CS'
using K4os.Compression.LZ4.Streams;
using ZstdSharp;

byte[] skippable = [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
byte[] lz4 = Lz4(new byte[1000]);
using Compressor compressor = new(3);
byte[] zstd = compressor.Wrap(new byte[1000]).ToArray();
Read("lz4: frame, frame", LZ4Stream.Decode(new MemoryStream([.. lz4, .. lz4])));
Read("lz4: skippable, frame", LZ4Stream.Decode(new MemoryStream([.. skippable, .. lz4])));
Read("lz4: frame, skippable, frame", LZ4Stream.Decode(new MemoryStream([.. lz4, .. skippable, .. lz4])));
Read("zstd: frame, skippable, frame", new DecompressionStream(new MemoryStream([.. zstd, .. skippable, .. zstd])));

static byte[] Lz4(byte[] content)
{
    MemoryStream frame = new();
    using (Stream encoder = LZ4Stream.Encode(frame, leaveOpen: true))
    {
        encoder.Write(content);
    }

    return frame.ToArray();
}

static void Read(string what, Stream decoder)
{
    MemoryStream content = new();
    try
    {
        decoder.CopyTo(content);
        Console.WriteLine($"{what}: {content.Length} bytes");
    }
    catch (Exception e)
    {
        Console.WriteLine($"{what}: {e.GetType().Name} after {content.Length} bytes: {e.Message}");
    }
}
CS
out=$(timeout 120 dotnet "$app")
echo "$out"
expect 'concatenated frames are read' '^lz4: frame, frame: 2000 bytes$' "$out"
expect 'a skippable frame in front is an error' '^lz4: skippable, frame: InvalidDataException after 0 bytes' "$out"
expect 'and so is one between two frames' '^lz4: frame, skippable, frame: InvalidDataException after [0-9]+ bytes' "$out"
expect 'Zstandard passes over it' '^zstd: frame, skippable, frame: 2000 bytes$' "$out"
