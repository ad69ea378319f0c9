#!/usr/bin/env bash
# IronSnappy 1.3.0: what Snappy.OpenWriter writes only Snappy.OpenReader reads, and that only up to 65,536 bytes.
# Longer data is written without an error, and the package's own reader then fails with "corrupt input" or "unsupported input". Shorter data it reads back,
# but the chunks' checksums are not those of the Snappy framing format: Snappier refuses IronSnappy's stream, and IronSnappy refuses Snappier's. Plain blocks
# (Encode, Decode) are right, so a test of the codec with blocks, or with short streams in both directions through one package, shows nothing.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'IronSnappy 1.3.0;Snappier 1.3.1' <<'CS'
using System.IO.Compression;

foreach (int length in new[] { 10, 65_536, 65_537, 300_000 })
{
    byte[] data = new byte[length];
    new Random(1).NextBytes(data);
    byte[] iron = Written(stream => IronSnappy.Snappy.OpenWriter(stream));
    byte[] snappier = Written(stream => new Snappier.SnappyStream(stream, CompressionMode.Compress, leaveOpen: true));
    Console.WriteLine($"{length} bytes, IronSnappy to IronSnappy: {Read(IronSnappy.Snappy.OpenReader, iron)}");
    Console.WriteLine($"{length} bytes, IronSnappy to Snappier: {Read(SnappierReader, iron)}");
    Console.WriteLine($"{length} bytes, Snappier to IronSnappy: {Read(IronSnappy.Snappy.OpenReader, snappier)}");
    Console.WriteLine($"{length} bytes, Snappier to Snappier: {Read(SnappierReader, snappier)}");
    Console.WriteLine($"{length} bytes, block of IronSnappy to Snappier: {Snappier.Snappy.DecompressToArray(IronSnappy.Snappy.Encode(data)).AsSpan().SequenceEqual(data)}");

    byte[] Written(Func<Stream, Stream> open)
    {
        MemoryStream written = new();
        using (Stream encoder = open(written))
        {
            encoder.Write(data, 0, length);
        }

        return written.ToArray();
    }

    string Read(Func<Stream, Stream> open, byte[] encoded)
    {
        try
        {
            MemoryStream read = new();
            using Stream decoder = open(new MemoryStream(encoded));
            decoder.CopyTo(read);
            return read.ToArray().AsSpan().SequenceEqual(data) ? "the same" : "other bytes";
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            return $"{e.GetType().Name}: {e.Message}";
        }
    }
}

static Stream SnappierReader(Stream stream) => new Snappier.SnappyStream(stream, CompressionMode.Decompress);
CS
out=$(dotnet "$app")
echo "$out"
expect 'up to 65,536 bytes IronSnappy reads its own stream' '^65536 bytes, IronSnappy to IronSnappy: the same$' "$out"
expect 'from 65,537 bytes it does not' '^65537 bytes, IronSnappy to IronSnappy: IOException: ' "$out"
expect 'nor at 300,000' '^300000 bytes, IronSnappy to IronSnappy: IOException: ' "$out"
expect 'another reader refuses even ten bytes' '^10 bytes, IronSnappy to Snappier: InvalidDataException: ' "$out"
expect 'and IronSnappy refuses what another writer wrote' '^10 bytes, Snappier to IronSnappy: IOException: ' "$out"
expect 'the other package reads itself' '^300000 bytes, Snappier to Snappier: the same$' "$out"
expect 'blocks are right' '^300000 bytes, block of IronSnappy to Snappier: True$' "$out"
