#!/usr/bin/env bash
# @kafkajs/confluent-schema-registry 4.1.0, with a registry in this script: of a Protobuf schema, encode() takes the fields' names in camel case only. An object with the names that stand in
# the schema, order_id and user_name, is encoded as a message without those fields: valid bytes, no error, and the default values for every reader. Names
# that are one word are taken as they stand, so that a part of an object is kept. decode() gives camel case as well. The Avro side of the same package takes the schema's names.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap 'rm -rf "$work"' EXIT
npm install --prefix "$work" @kafkajs/confluent-schema-registry@4.1.0 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/encode.js" <<'JS'
const { createServer } = require('http')
const { SchemaRegistry } = require('@kafkajs/confluent-schema-registry')

const schemas = [
  { schemaType: 'PROTOBUF', schema: 'syntax = "proto3"; message Order { int32 order_id = 1; string user_name = 2; int32 total = 3; }' },
  { schemaType: 'AVRO', schema: '{"type":"record","name":"Order","fields":[{"name":"order_id","type":"int"},{"name":"user_name","type":"string"},{"name":"total","type":"int"}]}' },
]
const server = createServer((request, response) => {
  request.resume()
  response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json')
  response.end(JSON.stringify(schemas[Number(request.url.match(/\/schemas\/ids\/(\d)/)[1]) - 1]))
})

async function main() {
  await new Promise(done => server.listen(0, '127.0.0.1', done))
  const registry = new SchemaRegistry({ host: `http://127.0.0.1:${server.address().port}` })
  const show = async (title, id, order) => {
    const bytes = await registry.encode(id, order)
    console.log(`${title}: ${bytes.toString('hex', 5)}, read as ${JSON.stringify(await registry.decode(bytes))}`)
  }
  await show('Protobuf, names of the schema', 1, { order_id: 7, user_name: 'a', total: 5 })
  await show('Protobuf, camel case', 1, { orderId: 7, userName: 'a', total: 5 })
  await show('Avro, names of the schema', 2, { order_id: 7, user_name: 'a', total: 5 })
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 60 node "$work/encode.js")
echo "$out"
expect "with the schema's names two fields are lost" '^Protobuf, names of the schema: 1805, read as \{"total":5\}$' "$out"
expect 'in camel case they are written, and read so' '^Protobuf, camel case: 08071201611805, read as \{"orderId":7,"userName":"a","total":5\}$' "$out"
expect "Avro takes the schema's names" '^Avro, names of the schema: 0e02610a, read as \{"order_id":7,"user_name":"a","total":5\}$' "$out"
