#!/usr/bin/env bash
# @kafkajs/confluent-schema-registry 4.1.0 against @confluentinc/schemaregistry 1.10.1, with one registry (an HTTP server in this script) and one .proto of two messages. In the wire format
# for Protobuf a list of message indexes stands between the schema's id and the message: which message of the schema this is. The kafkajs package does not
# write the list, so what it encodes Confluent's client refuses. It does not read the list either, but cuts zero bytes off the front, which is the list of
# the first message. For any other message the list is read as part of the message: here a field is lost without an error, and the type is the first
# one's. An all-default message of the first type is an error. Encoding and decoding with the package alone works.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" @kafkajs/confluent-schema-registry@4.1.0 @confluentinc/schemaregistry@1.10.1 --ignore-scripts \
  --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/wire.js" <<'JS'
const { createServer } = require('http')
const { SchemaRegistry, SchemaType } = require('@kafkajs/confluent-schema-registry')
const { ProtobufDeserializer, ProtobufSerializer, SchemaRegistryClient, SerdeType } = require('@confluentinc/schemaregistry')
const { create, createFileRegistry, toBinary } = require('@bufbuild/protobuf')
const { DescriptorProtoSchema, FieldDescriptorProtoSchema, FileDescriptorProtoSchema, FileDescriptorSetSchema } = require('@bufbuild/protobuf/wkt')

// The same schema as text and as a descriptor: a registry gives either.
const schema = 'syntax = "proto3"; package shop; message Order { int32 number = 1; string name = 2; } message Refund { int32 number = 1; string name = 2; }'
const field = (name, number, type) => create(FieldDescriptorProtoSchema, { name, number, type, label: 1, jsonName: name })
const file = create(FileDescriptorProtoSchema, {
  name: 'shop.proto', package: 'shop', syntax: 'proto3',
  messageType: ['Order', 'Refund'].map(name => create(DescriptorProtoSchema, { name, field: [field('number', 1, 5), field('name', 2, 9)] })),
})
const types = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }))
const serialized = Buffer.from(toBinary(FileDescriptorProtoSchema, file)).toString('base64')

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://registry')
  request.resume()
  response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json')
  if (pathname.startsWith('/associations') || pathname.startsWith('/config') && request.method === 'GET') {
    response.statusCode = 404
    response.end('{"error_code":40401,"message":"not found"}')
  } else {
    response.end(JSON.stringify({ id: 1, version: 1, subject: 'orders-value', schemaType: 'PROTOBUF', schema: searchParams.get('format') === 'serialized' ? serialized : schema }))
  }
})

async function main() {
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  const url = `http://127.0.0.1:${server.address().port}`
  const client = SchemaRegistryClient.newClient({ baseURLs: [url] })
  const serializer = new ProtobufSerializer(client, SerdeType.VALUE, { autoRegisterSchemas: true })
  for (const name of ['shop.Order', 'shop.Refund']) serializer.registry.add(types.getMessage(name))
  const deserializer = new ProtobufDeserializer(client, SerdeType.VALUE, {})
  const kafkajs = new SchemaRegistry({ host: url })
  const { id } = await kafkajs.register({ type: SchemaType.PROTOBUF, schema }, { subject: 'orders-value' })
  const readConfluent = bytes => deserializer.deserialize('orders', bytes).then(({ $typeName, number, name }) => `${$typeName} ${JSON.stringify({ number, name })}`)
  const readKafkajs = bytes => kafkajs.decode(bytes).then(read => `${read.constructor.name} ${JSON.stringify(read)}`)
  const show = async (title, bytes) => {
    for (const [reader, read] of [['confluentinc', readConfluent], ['kafkajs', readKafkajs]]) {
      console.log(`${title}, ${bytes.toString('hex')}, read by ${reader}: ${await read(bytes).catch(e => `error, ${e.message}`)}`)
    }
  }

  for (const [type, fields] of [['Order', { number: 7, name: 'a' }], ['Refund', { number: 7, name: 'a' }], ['Order', {}]]) {
    await show(`confluentinc ${type} ${JSON.stringify(fields)}`, Buffer.from(await serializer.serialize('orders', create(types.getMessage(`shop.${type}`), fields))))
  }
  await show('kafkajs Order {"number":7,"name":"a"}', await kafkajs.encode(id, { number: 7, name: 'a' }))
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 60 node "$work/wire.js")
echo "$out"
expect 'what kafkajs encodes the other refuses' '^kafkajs Order .*, 00000000010807120161, read by confluentinc: error, ' "$out"
expect 'kafkajs itself reads it' '^kafkajs Order .*, read by kafkajs: Order \{"number":7,"name":"a"\}$' "$out"
expect 'the first message of a schema it reads from the other' '^confluentinc Order .*"a"\}, .*, read by kafkajs: Order \{"number":7,"name":"a"\}$' "$out"
expect 'of the second it loses a field and the type' '^confluentinc Refund .*, read by kafkajs: Order \{"name":"a"\}$' "$out"
expect 'which the other reads' '^confluentinc Refund .*, read by confluentinc: shop.Refund \{"number":7,"name":"a"\}$' "$out"
expect 'an all-default message is an error' '^confluentinc Order \{\}, 000000000100, read by kafkajs: error, ' "$out"
