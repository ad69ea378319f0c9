#!/usr/bin/env bash
# Apache.Avro 1.12.2 for .NET: the parsing canonical form of a fixed with a logical type is its name alone, so schemas that differ in the size of a fixed have one
# fingerprint, and bytes that were found by fingerprint (single-object encoding, a cache of schemas) are cut in the wrong places. For a fixed without a logical type
# the form is right. The rules drop the logical type and keep the size, as npm's avsc 5.7.9 does: its form of a schema with the logical type is the form without.
# The form that Apache.Avro gives names a type that it does not define, so the package itself cannot parse it.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
dotnet_app 'Apache.Avro 1.12.2' <<'CS'
using Avro;

foreach (string text in args)
{
    Schema schema = Schema.Parse(text);
    string form = SchemaNormalization.ToParsingForm(schema);
    Console.WriteLine($"Apache.Avro: {SchemaNormalization.ParsingFingerprint64(schema):x16} {form}");
    try
    {
        Schema.Parse(form);
        Console.WriteLine("its form is parsed");
    }
    catch (SchemaParseException e)
    {
        Console.WriteLine($"its form is not parsed: {e.Message}");
    }
}
CS
record() { printf '{"type":"record","name":"Price","fields":[{"name":"amount","type":{"type":"fixed","name":"Amount","size":%s}}]}' "$1"; }
decimal='4,"logicalType":"decimal","precision":8,"scale":2'
schemas=("$(record 4)" "$(record "$decimal")" "$(record "${decimal/4/8}")")
npm install --prefix "$work" avsc@5.7.9 --no-audit --no-fund --loglevel=error >/dev/null
out=$(dotnet "$app" "${schemas[@]}")
out+=$'\n'$(node -e 'const [modules, ...schemas] = process.argv.slice(1), { Type } = require(modules + "/avsc")
for (const schema of schemas) { const type = Type.forSchema(JSON.parse(schema)); console.log(`avsc: ${type.fingerprint().toString("hex")} ${JSON.stringify(type.schema())}`) }' \
  "$work/node_modules" "${schemas[@]}")
echo "$out"
prints() { grep "^$1: " <<<"$out" | cut -d' ' -f"$2" | sort -u | wc -l; }
expect 'two schemas, of 4 and of 8 bytes, are one to Apache.Avro' '^2$' "$(prints Apache.Avro 2)"
expect 'their form has no size' '^Apache.Avro: [0-9a-f]{16} .*\{"name":"amount","type":"Amount"\}' "$out"
expect 'which cannot be parsed' '^its form is not parsed: ' "$out"
expect 'without a logical type it has one' '^Apache.Avro: [0-9a-f]{16} .*\{"name":"Amount","type":"fixed","size":4\}' "$out"
expect 'avsc keeps 8 bytes apart from 4' '^avsc: [0-9a-f]{32} .*"size":8' "$out"
expect 'and gives 4 bytes one fingerprint, with or without a logical type' '^2$' "$(prints avsc 2)"
