#!/usr/bin/env bash
# Apache.Avro 1.12.2 for .NET: aliases of fields are parsed, written out again and then ignored when data is read. A reader whose schema renames a field, with the old name as
# alias and a default for new readers, gets the default in place of the written value: no error, and CanRead says that the schemas fit. Aliases of
# record types are honoured by the same reader, and npm's avsc 5.7.9 gives the value for the same bytes and schemas, as a registry's compatibility check expects.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
dotnet_app 'Apache.Avro 1.12.2' <<'CS'
using Avro;
using Avro.Generic;
using Avro.IO;

RecordSchema written = (RecordSchema)Schema.Parse(args[0]);
Schema renamed = Schema.Parse(args[1]);
GenericRecord order = new(written);
order.Add("total", 500);
order.Add("items", 3);
MemoryStream bytes = new();
new GenericDatumWriter<GenericRecord>(written).Write(order, new BinaryEncoder(bytes));
Console.WriteLine(Convert.ToHexString(bytes.ToArray()));
Console.WriteLine($"Apache.Avro, CanRead: {renamed.CanRead(written)}");
Show("GenericDatumReader", new GenericDatumReader<GenericRecord>(written, renamed).Read(null!, Decoder()));
Show("GenericReader", new GenericReader<GenericRecord>(written, renamed).Read(null!, Decoder()));

BinaryDecoder Decoder() => new(new MemoryStream(bytes.ToArray()));

static void Show(string reader, GenericRecord read) =>
    Console.WriteLine($"Apache.Avro, {reader}: {read.Schema.Name} cents={read["cents"]} items={read["items"]}");
CS
written='{"type":"record","name":"Order","fields":[{"name":"total","type":"int"},{"name":"items","type":"int"}]}'
renamed='{"type":"record","name":"Purchase","aliases":["Order"],
  "fields":[{"name":"cents","aliases":["total"],"type":"int","default":-1},{"name":"items","type":"int"}]}'
npm install --prefix "$work" avsc@5.7.9 --no-audit --no-fund --loglevel=error >/dev/null
out=$(dotnet "$app" "$written" "$renamed")
out+=$'\n'$(node -e 'const [modules, written, renamed, hex] = process.argv.slice(1)
const { Type } = require(modules + "/avsc"), [from, to] = [written, renamed].map(schema => Type.forSchema(JSON.parse(schema)))
const read = to.fromBuffer(Buffer.from(hex, "hex"), to.createResolver(from))
console.log(`avsc: ${read.constructor.name} cents=${read.cents} items=${read.items}`)' "$work/node_modules" "$written" "$renamed" "$(head -1 <<<"$out")")
echo "$out"
expect 'the schemas are said to fit' '^Apache.Avro, CanRead: True$' "$out"
expect 'the renamed field reads as its default' '^Apache.Avro, GenericDatumReader: Purchase cents=-1 items=3$' "$out"
expect 'with either reader' '^Apache.Avro, GenericReader: Purchase cents=-1 items=3$' "$out"
expect 'avsc reads the value' '^avsc: Purchase cents=500 items=3$' "$out"
