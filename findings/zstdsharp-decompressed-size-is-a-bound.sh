#!/usr/bin/env bash
# ZstdSharp.Port 0.8.8: Decompressor.GetDecompressedSize of a frame without a content size is an upper bound, not the size.
# A frame that a stream wrote (CompressionStream here; Kafka's clients stream too) does not say how long its content is. One would expect an error or
# "unknown". 300,000 bytes answer 524,288: a whole number of 128 KiB blocks. For a frame from Compressor.Wrap the same call is exact.
# Unwrap without a size allocates that bound.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'ZstdSharp.Port 0.8.8' <<'CS'
using ZstdSharp;

byte[] data = new byte[300_000];
for (int i = 0; i < data.Length; i++)
{
    data[i] = (byte)(i / 100 % 251);
}

MemoryStream streamed = new();
using (CompressionStream compression = new(streamed, 3, leaveOpen: true))
{
    compression.Write(data);
}

using Compressor compressor = new(3);
using Decompressor decompressor = new();
Console.WriteLine($"content {data.Length}");
Console.WriteLine($"wrapped frame says {Decompressor.GetDecompressedSize(compressor.Wrap(data))}");
ulong bound = Decompressor.GetDecompressedSize(streamed.ToArray());
Console.WriteLine($"streamed frame says {bound}, a multiple of 131072: {bound % 131072 == 0}");
Console.WriteLine($"streamed frame holds {decompressor.Unwrap(streamed.ToArray()).Length}");
CS
out=$(dotnet "$app")
echo "$out"
expect 'a frame with its size answers exactly' '^wrapped frame says 300000$' "$out"
expect 'a streamed frame answers a bound' '^streamed frame says (393216|524288), a multiple of 131072: True$' "$out"
expect 'the content is shorter' '^streamed frame holds 300000$' "$out"
