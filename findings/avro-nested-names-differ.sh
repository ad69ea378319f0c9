#!/usr/bin/env bash
# Apache.Avro 1.12.2 for .NET and avro-js 1.12.2 (npm), both Avro's own, and avsc 5.7.9: one schema, three answers to the full name of a type inside a record. In avro-js the namespace that a
# record has by a dotted name ("shop.Order") does not reach the types in it: "State" there is State, not shop.State. And "namespace": "", the null namespace by the
# specification, is taken for no namespace at all by Apache.Avro and avro-js: State becomes shop.State. avsc has both right. The fingerprints
# differ with the names, so that schemas are not found by them.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
dotnet_app 'Apache.Avro 1.12.2' <<'CS'
using Avro;

string[] names = ["dotted", "attribute", "empty"];
for (int i = 0; i < args.Length; i++)
{
    RecordSchema order = (RecordSchema)Schema.Parse(args[i]);
    string fingerprint = Convert.ToHexStringLower(SchemaNormalization.ParsingFingerprint("MD5", order));
    Console.WriteLine($"Apache.Avro, {names[i]}: {order.Fullname} has {order["state"].Schema.Fullname}, {fingerprint}");
}
CS
order() { printf '{"type":"record",%s,"fields":[{"name":"state","type":{"type":"enum","name":"State"%s,"symbols":["NEW"]}}]}' "$1" "${2:-}"; }
attribute='"name":"Order","namespace":"shop"'
schemas=("$(order '"name":"shop.Order"')" "$(order "$attribute")" "$(order "$attribute" ',"namespace":""')")
npm install --prefix "$work" avsc@5.7.9 avro-js@1.12.2 underscore@1.13.7 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/names.js" <<'JS'
const avsc = require('avsc')
const avro = require('avro-js')

process.argv.slice(2).forEach((text, i) => {
  const types = [['avsc', avsc.Type.forSchema(JSON.parse(text)), type => type.fields[0].type.name, type => type.fingerprint()],
    ['avro-js', avro.parse(text), type => type.getFields()[0].getType().getName(), type => type.getFingerprint()]]
  for (const [name, type, state, fingerprint] of types) {
    console.log(`${name}, ${['dotted', 'attribute', 'empty'][i]}: ${type.name ?? type.getName()} has ${state(type)}, ${fingerprint(type).toString('hex')}`)
  }
})
JS
out=$(dotnet "$app" "${schemas[@]}" && node "$work/names.js" "${schemas[@]}")
echo "$out"
for package in Apache.Avro avsc avro-js; do
  expect "$package: the attribute is the namespace of what is inside" "^$package, attribute: shop.Order has shop.State, " "$out"
done
expect 'a dotted name gives the same to Apache.Avro' '^Apache.Avro, dotted: shop.Order has shop.State, ' "$out"
expect 'and to avsc' '^avsc, dotted: shop.Order has shop.State, ' "$out"
expect 'but not to avro-js' '^avro-js, dotted: shop.Order has State, ' "$out"
expect 'the empty namespace is one to avsc' '^avsc, empty: shop.Order has State, ' "$out"
expect 'but not to Apache.Avro' '^Apache.Avro, empty: shop.Order has shop.State, ' "$out"
expect 'nor to avro-js' '^avro-js, empty: shop.Order has shop.State, ' "$out"
fingerprints() { grep ", $1: " <<<"$out" | cut -d' ' -f6 | sort -u | wc -l; }
expect 'all three agree on the fingerprint with the attribute' '^1$' "$(fingerprints attribute)"
expect 'and not on that of a dotted name' '^2$' "$(fingerprints dotted)"
expect 'nor on that of an empty namespace' '^2$' "$(fingerprints empty)"
