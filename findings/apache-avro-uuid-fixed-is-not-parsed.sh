#!/usr/bin/env bash
# Apache.Avro 1.12.2 for .NET: a schema with a uuid on a fixed of 16 bytes, which the specification of Avro 1.12 describes, cannot be parsed: "'uuid' can only be used with an underlying string
# type". So a consumer cannot read a topic whose registered schema has such a field, not even as its 16 bytes. By the specification a logical type that does not fit
# its type should be ignored; logical types that the package does not know, it does ignore. npm's avsc 5.7.9 and avro-js 1.12.2, Avro's own package of the same version, parse it.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
dotnet_app 'Apache.Avro 1.12.2' <<'CS'
using Avro;

foreach (string text in args)
{
    try
    {
        Console.WriteLine($"Apache.Avro: {text}: parsed, {((RecordSchema)Schema.Parse(text))["id"].Schema.Tag}");
    }
    catch (AvroException e)
    {
        Console.WriteLine($"Apache.Avro: {text}: {e.Message}");
    }
}
CS
order() { printf '{"type":"record","name":"Order","fields":[{"name":"id","type":{%s}}]}' "$1"; }
schemas=()
for type in '"type":"string","logicalType":"uuid"' '"type":"fixed","name":"Id","size":16' '"type":"fixed","name":"Id","size":16,"logicalType":"other"' \
  '"type":"fixed","name":"Id","size":16,"logicalType":"uuid"'; do
  schemas+=("$(order "$type")")
done
npm install --prefix "$work" avsc@5.7.9 avro-js@1.12.2 underscore@1.13.7 --no-audit --no-fund --loglevel=error >/dev/null
out=$(dotnet "$app" "${schemas[@]}")
out+=$'\n'$(node -e 'const [modules, text] = process.argv.slice(1), bytes = Buffer.from("00112233445566778899aabbccddeeff", "hex")
for (const [name, type] of [["avsc", require(modules + "/avsc").Type.forSchema(JSON.parse(text))], ["avro-js", require(modules + "/avro-js").parse(text)]]) {
  console.log(`${name}: ${type.fromBuffer(bytes).id.toString("hex")}`)
}' "$work/node_modules" "${schemas[3]}")
echo "$out"
expect 'a uuid on a string is parsed' '"type":"string","logicalType":"uuid"\}\}\]\}: parsed, ' "$out"
expect 'a fixed is' '"size":16\}\}\]\}: parsed, ' "$out"
expect 'a fixed with an unknown logical type too' '"size":16,"logicalType":"other"\}\}\]\}: parsed, ' "$out"
expect 'a uuid on a fixed is not' "\"size\":16,\"logicalType\":\"uuid\"\\}\\}\\]\\}: 'uuid' can only be used with an underlying string type" "$out"
expect 'avsc reads its bytes' '^avsc: 00112233445566778899aabbccddeeff$' "$out"
expect 'and avro-js' '^avro-js: 00112233445566778899aabbccddeeff$' "$out"
