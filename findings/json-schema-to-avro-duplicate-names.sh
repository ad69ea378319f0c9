#!/usr/bin/env bash
# json-schema-to-avro 1.1.0 (npm): a JSON schema in which a property with an enum occurs twice, such as "state" of an order and "state" of its payment, is converted without an
# error into an Avro schema that nothing can parse: both enums have the name state_enum. avsc 5.7.9 and Apache.Avro 1.12.2 refuse it. An enum that occurs once is converted well.
# And a "number", a double in JSON, becomes Avro's float of 32 bits: an amount of 1234567.89 is read back as 1234567.875, without an error.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
dotnet_app 'Apache.Avro 1.12.2' <<'CS'
using Avro;

while (Console.ReadLine() is { } line)
{
    if (line[0] != '{')
    {
        Console.WriteLine(line);
        continue;
    }

    try
    {
        Console.WriteLine($"Apache.Avro: parsed {Schema.Parse(line).Fullname}");
    }
    catch (Exception e)
    {
        Console.WriteLine($"Apache.Avro: {e.GetType().Name}: {e.Message}");
    }
}
CS
npm install --prefix "$work" json-schema-to-avro@1.1.0 avsc@5.7.9 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/convert.js" <<'JS'
const { convert } = require('json-schema-to-avro')
const avsc = require('avsc')
const state = (...values) => ({ type: 'string', enum: values })
const order = properties => ({ $id: 'https://shop.example/schemas/v1/order.json', type: 'object', properties, required: Object.keys(properties) })
const payment = { type: 'object', properties: { state: state('OPEN', 'DONE') } }
const parse = (what, properties) => {
  const schema = convert(order(properties))
  console.log(what)
  try {
    const type = avsc.parse(schema)
    console.log(`avsc: parsed ${type.name}`)
    console.log(JSON.stringify(schema))
    return type
  } catch (e) {
    console.log(`avsc: ${e.message}`)
    console.log(JSON.stringify(schema))
  }
}
const type = parse('one enum, a number', { state: state('NEW', 'PAID'), amount: { type: 'number' } })
console.log(`amount 1234567.89, read: ${type.fromBuffer(type.toBuffer({ state: 'NEW', amount: 1234567.89 })).amount}`)
parse('two enums', { state: state('NEW', 'PAID'), payment })
JS
out=$(node "$work/convert.js" | dotnet "$app")
echo "$out"
one=$(sed -n '/^one enum/,/^two enums/p' <<<"$out") two=$(sed -n '/^two enums/,$p' <<<"$out")
expect 'a schema with one enum is parsed by avsc' '^avsc: parsed .*Order$' "$one"
expect 'and by Apache.Avro' '^Apache.Avro: parsed .*Order$' "$one"
expect 'one with two enums is not parsed by avsc' '^avsc: duplicate type name: .*state_enum$' "$two"
expect 'nor by Apache.Avro' '^Apache.Avro: .*state_enum' "$two"
expect 'a number loses digits' '^amount 1234567\.89, read: 1234567\.875$' "$out"
