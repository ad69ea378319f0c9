#!/usr/bin/env bash
# @confluentinc/schemaregistry 1.10.1 (npm) against Confluent.SchemaRegistry.Serdes.Json 2.16.0, with a registry in this script: with "validate: true" the npm package's JSON serdes refuse the
# schema that Confluent's own serializer for .NET makes of a class and registers: no schema with key or ref "http://json-schema.org/draft-04/schema#". Without that line
# it is the formats: "int32" and "date-time" are "unknown format", also in a schema written by hand. Each error arises per message, at writing and at reading.
# Without "validate" nothing is checked at all: a text is written where the schema has an integer.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
dotnet_app 'Confluent.SchemaRegistry.Serdes.Json 2.16.0;Confluent.Kafka 2.16.0' <<'CS'
using Confluent.Kafka;
using Confluent.SchemaRegistry;
using Confluent.SchemaRegistry.Serdes;

using CachedSchemaRegistryClient client = new(new SchemaRegistryConfig { Url = args[0] });
byte[] bytes = await new JsonSerializer<Order>(client).SerializeAsync(
    new Order { Total = 5, At = DateTime.UnixEpoch }, new SerializationContext(MessageComponentType.Value, "orders"));
Console.WriteLine(Convert.ToHexString(bytes));

class Order
{
    public int Total { get; set; }
    public DateTime At { get; set; }
}
CS
npm install --prefix "$work" @confluentinc/schemaregistry@1.10.1 --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/validate.js" <<'JS'
const { execFile } = require('child_process')
const { createServer } = require('http')
const { JsonDeserializer, JsonSerializer, SchemaRegistryClient, SerdeType } = require('@confluentinc/schemaregistry')

let schema
const server = createServer((request, response) => {
  let body = ''
  request.on('data', data => { body += data })
  request.on('end', () => {
    const found = /^\/(subjects\/orders-value|schemas\/ids\/1)/.test(request.url)
    if (found && request.method === 'POST') schema = JSON.parse(body).schema
    response.statusCode = found ? 200 : 404
    response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json')
    response.end(JSON.stringify(found ? { id: 1, version: 1, subject: 'orders-value', schemaType: 'JSON', schema } : { error_code: 40401, message: 'not found' }))
  })
})
const show = (title, result) => result.then(() => console.log(`${title}: no error`), e => console.log(`${title}: error, ${e.message}`))

async function main() {
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${server.address().port}`
  const hex = await new Promise((done, fail) => execFile('dotnet', [process.argv[2], url], (error, written) => error ? fail(error) : done(written.trim())))
  const bytes = Buffer.from(hex, 'hex')
  console.log(`.NET: ${bytes.toString('latin1', 5)} with the schema ${JSON.stringify(JSON.parse(schema))}`)
  const serde = (Type, rest, validate) => new Type(SchemaRegistryClient.newClient({ baseURLs: [url] }), SerdeType.VALUE, validate ? { ...rest, validate } : rest)
  const write = (order, validate) => serde(JsonSerializer, { autoRegisterSchemas: false, useLatestVersion: true }, validate).serialize('orders', order)
  const read = validate => serde(JsonDeserializer, {}, validate).deserialize('orders', bytes)
  const order = { Total: 5, At: '1970-01-01T00:00:00Z' }
  await show('written', write(order, true))
  await show('read', read(true))
  const { $schema, ...rest } = JSON.parse(schema)
  schema = JSON.stringify(rest)
  await show('written, without $schema', write(order, true))
  schema = '{"type":"object","properties":{"At":{"type":"string","format":"date-time"}}}'
  await show('written, date-time', write(order, true))
  schema = '{"type":"object","properties":{"Total":{"type":"integer"}}}'
  await show('written, no format', write(order, true))
  await show('a wrong type', write({ Total: 'x' }, true))
  await show('a wrong type, not validated', write({ Total: 'x' }, false))
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 60 node "$work/validate.js" "$app")
echo "$out"
expect '.NET writes a schema of draft 4 with formats' '^\.NET: \{"Total":5,.*"\$schema":"http://json-schema.org/draft-04/schema#".*"format":"int32".*"format":"date-time"' "$out"
expect 'it is refused at writing' '^written: error, no schema with key or ref "http://json-schema.org/draft-04/schema#"$' "$out"
expect 'and at reading' '^read: error, no schema with key or ref "http://json-schema.org/draft-04/schema#"$' "$out"
expect 'without the draft its formats are' '^written, without \$schema: error, unknown format "int32" ignored in schema' "$out"
expect 'date-time too' '^written, date-time: error, unknown format "date-time" ignored in schema' "$out"
expect 'a schema without formats is taken' '^written, no format: no error$' "$out"
expect 'and validates' '^a wrong type: error, Invalid message' "$out"
expect 'which nothing does without being told' '^a wrong type, not validated: no error$' "$out"
