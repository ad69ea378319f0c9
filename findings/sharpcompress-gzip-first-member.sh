#!/usr/bin/env bash
# SharpCompress 0.50.8: of a gzip file of two members, as appending to a log or bgzip write it (RFC 1952: "a gzip file consists of a series of members"), its GZipStream and its
# GZipArchive read the first and end there, as if the file were complete: no error, whatever follows is lost. .NET's own GZipStream, which has the same name, reads all, and
# so does the Zstandard stream of SharpCompress.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'SharpCompress 0.50.8;ZstdSharp.Port 0.8.8' <<'CS'
using System.IO.Compression;
using System.Text;
using SharpCompress.Archives;
using SharpCompress.Readers;
using Compressors = SharpCompress.Compressors;
using Deflate = SharpCompress.Compressors.Deflate;

byte[] file = [.. Member("first, "), .. Member("second")];
Show(".NET's GZipStream", new GZipStream(new MemoryStream(file), CompressionMode.Decompress));
byte[] frames = [.. Frame("first, "), .. Frame("second")];
Show("SharpCompress's Zstandard stream", new Compressors.ZStandard.DecompressionStream(new MemoryStream(frames)));
Show("SharpCompress's GZipStream", new Deflate.GZipStream(new MemoryStream(file), Compressors.CompressionMode.Decompress));
using IArchive archive = ArchiveFactory.OpenArchive(new MemoryStream(file));
Show("SharpCompress's archive", archive.Entries.Single().OpenEntryStream());
using IReader reader = ReaderFactory.OpenReader(new MemoryStream(file));
int entries = 0;
while (reader.MoveToNextEntry())
{
    entries++;
    Show("SharpCompress's reader", reader.OpenEntryStream());
}

Console.WriteLine($"entries of the reader: {entries}");

static void Show(string name, Stream stream) => Console.WriteLine($"{name}: {new StreamReader(stream).ReadToEnd()}");

static byte[] Frame(string text) => new ZstdSharp.Compressor().Wrap(Encoding.UTF8.GetBytes(text)).ToArray();

static byte[] Member(string text)
{
    MemoryStream member = new();
    using (GZipStream encoder = new(member, CompressionLevel.Optimal))
    {
        encoder.Write(Encoding.UTF8.GetBytes(text));
    }

    return member.ToArray();
}
CS
out=$(dotnet "$app")
echo "$out"
expect '.NET reads both members' "^\.NET's GZipStream: first, second\$" "$out"
expect 'SharpCompress both frames of Zstandard' "^SharpCompress's Zstandard stream: first, second\$" "$out"
expect 'of gzip the first member' "^SharpCompress's GZipStream: first, \$" "$out"
expect 'as an archive too' "^SharpCompress's archive: first, \$" "$out"
expect 'with the reader too' "^SharpCompress's reader: first, \$" "$out"
expect 'which goes to no second entry' '^entries of the reader: 1$' "$out"
