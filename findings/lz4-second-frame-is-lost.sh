#!/usr/bin/env bash
# K4os.Compression.LZ4.Streams 1.3.8, lz4js 0.2.0, lz4-napi 2.10.0: of a valid LZ4 file of two frames, which is what appending to a log or concatenating files gives, only the first
# is read, without an error and without a word about where it ended, by K4os's LZ4Frame.Decode, its way for bytes in memory, and by the decompress functions of both npm
# packages. K4os's LZ4Stream.Decode reads both, until "interactive", described as a matter of latency, is set. The lz4 tool reads both, as the format asks for.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
dotnet_app 'K4os.Compression.LZ4.Streams 1.3.8' <<'CS'
using System.Buffers;
using System.Text;
using K4os.Compression.LZ4.Streams;

byte[] file = [.. Frame("first, "), .. Frame("second")];
File.WriteAllBytes(args[0], file);
ArrayBufferWriter<byte> written = new();
LZ4Frame.Decode((ReadOnlySpan<byte>)file, written);
Console.WriteLine($"LZ4Frame.Decode: {Encoding.UTF8.GetString(written.WrittenSpan)}");
Console.WriteLine($"LZ4Stream.Decode: {Text(interactive: false)}");
Console.WriteLine($"LZ4Stream.Decode, interactive: {Text(interactive: true)}");

string Text(bool interactive) => new StreamReader(LZ4Stream.Decode(new MemoryStream(file), interactive: interactive)).ReadToEnd();

static byte[] Frame(string text)
{
    MemoryStream frame = new();
    using (Stream encoder = LZ4Stream.Encode(frame, leaveOpen: true))
    {
        encoder.Write(Encoding.UTF8.GetBytes(text));
    }

    return frame.ToArray();
}
CS
npm install --prefix "$work" lz4js@0.2.0 lz4-napi@2.10.0 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/read.js" <<'JS'
const file = require('fs').readFileSync(process.argv[2])
console.log(`lz4js: ${Buffer.from(require('lz4js').decompress(file))}`)
console.log(`lz4-napi: ${require('lz4-napi').decompressFrameSync(file)}`)
JS
out=$(dotnet "$app" "$work/two.lz4" && node "$work/read.js" "$work/two.lz4")
echo "$out"
expect 'the stream reads both frames' '^LZ4Stream.Decode: first, second$' "$out"
expect 'in memory only the first is decoded' '^LZ4Frame.Decode: first, $' "$out"
expect 'nor does an interactive stream read the second' '^LZ4Stream.Decode, interactive: first, $' "$out"
expect 'nor does lz4js' '^lz4js: first, $' "$out"
expect 'nor lz4-napi' '^lz4-napi: first, $' "$out"
