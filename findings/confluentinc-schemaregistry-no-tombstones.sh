#!/usr/bin/env bash
# @confluentinc/schemaregistry 1.10.1 (npm), with a registry in this script: a null value, which deletes its key on a compacted topic, can be neither written nor read. serialize(null) rejects
# with "message is empty" and deserialize(null) with "Invalid buffer", in the Avro serdes and in the JSON ones. So does decode(null) of @kafkajs/confluent-schema-registry
# 4.1.0. Confluent's Avro serdes for .NET (2.16.0) write null as null and give null for it. A consumer that passes each record's value on fails at the first tombstone.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
dotnet_app 'Confluent.SchemaRegistry.Serdes.Avro 2.16.0;Confluent.Kafka 2.16.0' <<'CS'
using Avro.Generic;
using Confluent.Kafka;
using Confluent.SchemaRegistry;
using Confluent.SchemaRegistry.Serdes;

using CachedSchemaRegistryClient client = new(new SchemaRegistryConfig { Url = "http://127.0.0.1:1" });
SerializationContext context = new(MessageComponentType.Value, "orders");
byte[] written = await new AvroSerializer<GenericRecord>(client).SerializeAsync(null!, context);
GenericRecord read = await new AvroDeserializer<GenericRecord>(client).DeserializeAsync(null, true, context);
Console.WriteLine($".NET, Avro: null written as {(written == null ? "null" : Convert.ToHexString(written))}, null read as {(read == null ? "null" : "a record")}");
CS
npm install --prefix "$work" @kafkajs/confluent-schema-registry@4.1.0 @confluentinc/schemaregistry@1.10.1 --ignore-scripts \
  --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/null.js" <<'JS'
const { createServer } = require('http')
const { SchemaRegistry } = require('@kafkajs/confluent-schema-registry')
const { AvroDeserializer, AvroSerializer, JsonDeserializer, JsonSerializer, SchemaRegistryClient, SerdeType } = require('@confluentinc/schemaregistry')

const schemas = {
  AVRO: '{"type":"record","name":"Order","fields":[{"name":"total","type":"int"}]}',
  JSON: '{"type":"object","properties":{"total":{"type":"integer"}}}',
}
let schemaType
const server = createServer((request, response) => {
  const found = request.url.startsWith('/subjects/orders-value/') || request.url.startsWith('/schemas/ids/1')
  request.resume()
  response.statusCode = found ? 200 : 404
  response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json')
  response.end(JSON.stringify(found ? { id: 1, version: 1, subject: 'orders-value', schemaType, schema: schemas[schemaType] } : { error_code: 40401, message: 'not found' }))
})
const show = (title, result) => result.then(value => console.log(`${title}: ${JSON.stringify(value)}`), e => console.log(`${title}: error, ${e.message}`))

async function main() {
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${server.address().port}`
  for (const [type, Serializer, Deserializer] of [['AVRO', AvroSerializer, AvroDeserializer], ['JSON', JsonSerializer, JsonDeserializer]]) {
    schemaType = type
    const client = SchemaRegistryClient.newClient({ baseURLs: [url] })
    const serializer = new Serializer(client, SerdeType.VALUE, { autoRegisterSchemas: false, useLatestVersion: true })
    const deserializer = new Deserializer(client, SerdeType.VALUE, {})
    await show(`confluentinc, ${type}, an order`, serializer.serialize('orders', { total: 5 }).then(bytes => deserializer.deserialize('orders', bytes)))
    await show(`confluentinc, ${type}, null written`, serializer.serialize('orders', null))
    await show(`confluentinc, ${type}, null read`, deserializer.deserialize('orders', null))
  }
  await show('kafkajs, null read', new SchemaRegistry({ host: url }).decode(null))
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 60 dotnet "$app" && timeout 60 node "$work/null.js")
echo "$out"
expect '.NET passes null on, both ways' '^\.NET, Avro: null written as null, null read as null$' "$out"
for type in AVRO JSON; do
  expect "$type: an order is written and read" "^confluentinc, $type, an order: \\{\"total\":5\\}\$" "$out"
  expect "$type: null is not written" "^confluentinc, $type, null written: error, message is empty\$" "$out"
  expect "$type: nor read" "^confluentinc, $type, null read: error, Invalid buffer\$" "$out"
done
expect 'kafkajs reads no null either' '^kafkajs, null read: error, Invalid buffer$' "$out"
