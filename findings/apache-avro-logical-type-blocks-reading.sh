#!/usr/bin/env bash
# Apache.Avro 1.12.2 for .NET: a field whose type gains a logical type, or loses one, cannot be read any more. A long read with {"type":"long","logicalType":"timestamp-millis"} is a
# "Schema mismatch", and so is the other way round; CanRead says no. Logical types are no part of the rules of schema resolution: the bytes are the same, the canonical forms
# and the fingerprints too, which the script shows. npm's avsc 5.7.9 reads both ways.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
dotnet_app 'Apache.Avro 1.12.2' <<'CS'
using Avro;
using Avro.Generic;
using Avro.IO;

Show("gained", args[0], args[1], 77L);
Show("lost", args[1], args[0], DateTime.UnixEpoch.AddMilliseconds(77));
Show("kept", args[1], args[1], DateTime.UnixEpoch.AddMilliseconds(77));

static void Show(string change, string writer, string reader, object value)
{
    Schema written = Schema.Parse(writer);
    Schema read = Schema.Parse(reader);
    MemoryStream bytes = new();
    GenericRecord order = new((RecordSchema)written);
    order.Add("at", value);
    new GenericDatumWriter<GenericRecord>(written).Write(order, new BinaryEncoder(bytes));
    bool same = SchemaNormalization.ParsingFingerprint64(written) == SchemaNormalization.ParsingFingerprint64(read);
    string result;
    try
    {
        BinaryDecoder decoder = new(new MemoryStream(bytes.ToArray()));
        result = $"read, a {new GenericDatumReader<GenericRecord>(written, read).Read(null!, decoder)["at"].GetType().Name}";
    }
    catch (AvroException e)
    {
        result = $"{e.GetType().Name}: {e.Message}";
    }

    Console.WriteLine($"Apache.Avro, {change}: {Convert.ToHexString(bytes.ToArray())}, same fingerprint: {same}, CanRead: {read.CanRead(written)}, {result}");
}
CS
plain='{"type":"record","name":"Order","fields":[{"name":"at","type":"long"}]}'
logical='{"type":"record","name":"Order","fields":[{"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}}]}'
npm install --prefix "$work" avsc@5.7.9 --no-audit --no-fund --loglevel=error >/dev/null
out=$(dotnet "$app" "$plain" "$logical")
out+=$'\n'$(node -e 'const [modules, plain, logical] = process.argv.slice(1), { Type } = require(modules + "/avsc")
const [a, b] = [plain, logical].map(schema => Type.forSchema(JSON.parse(schema)))
for (const [change, from, to] of [["gained", a, b], ["lost", b, a]]) console.log(`avsc, ${change}: at=${to.fromBuffer(from.toBuffer({ at: 77 }), to.createResolver(from)).at}`)' \
  "$work/node_modules" "$plain" "$logical")
echo "$out"
expect 'a field that gained a logical type is not read' '^Apache.Avro, gained: 9A01, same fingerprint: True, CanRead: False, AvroException: Schema mismatch' "$out"
expect 'nor is one that lost it' '^Apache.Avro, lost: 9A01, same fingerprint: True, CanRead: False, AvroException: Schema mismatch' "$out"
expect 'with the logical type on both sides it is' '^Apache.Avro, kept: 9A01, same fingerprint: True, CanRead: True, read, a DateTime$' "$out"
expect 'avsc reads the first' '^avsc, gained: at=77$' "$out"
expect 'and the second' '^avsc, lost: at=77$' "$out"
