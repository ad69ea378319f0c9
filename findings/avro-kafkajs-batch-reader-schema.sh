#!/usr/bin/env bash
# @ovotech/avro-kafkajs 0.8.1 (npm) over kafkajs 1.16.0 and librdkafka 2.16.0's mock cluster, with a registry in this script: with eachBatch the consumer's readerSchema is
# applied to the keys, not to the values. Values arrive as they were written, without the fields that the reader's schema adds, and no error says so; with encodedKey and a schema
# of its own for the key, each batch fails instead, as the key does not fit the value's schema. With eachMessage the same options do what they say. So a consumer that goes from
# one to the other loses the evolution of its schema.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/broker.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
listener_app
npm install --prefix "$work" @ovotech/avro-kafkajs@0.8.1 kafkajs@1.16.0 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/read.js" <<'JS'
const { AvroKafka, SchemaRegistry } = require('@ovotech/avro-kafkajs')
const { Kafka, logLevel } = require('kafkajs')
const { startMock } = require('./broker.js')
const http = require('http')

const schemas = []
const registry = http.createServer((request, response) => {
  const parts = []
  request.on('data', part => parts.push(part)).on('end', () => {
    response.setHeader('content-type', 'application/json')
    if (request.method !== 'POST') return response.end(JSON.stringify({ schema: schemas[request.url.split('/').pop() - 1] }))
    const { schema } = JSON.parse(Buffer.concat(parts))
    if (!schemas.includes(schema)) schemas.push(schema)
    response.end(JSON.stringify({ id: schemas.indexOf(schema) + 1 }))
  })
})
const record = (name, ...fields) => ({ type: 'record', name, fields })
const id = { name: 'id', type: 'string' }
const written = record('Order', id), readerSchema = record('Order', id, { name: 'state', type: 'string', default: 'NEW' })

async function main() {
  await new Promise(done => registry.listen(0, '127.0.0.1', done))
  const mock = await startMock(process.argv[2], ['orders'])
  const kafka = new Kafka({ brokers: [mock.address], logLevel: logLevel.NOTHING, retry: { retries: 0 } })
  const avro = new AvroKafka(new SchemaRegistry({ uri: `http://127.0.0.1:${registry.address().port}` }), kafka)
  const producer = avro.producer()
  await producer.connect()
  await producer.send({ topic: 'orders', schema: written, keySchema: record('Key', { name: 'number', type: 'int' }), messages: [{ key: { number: 7 }, value: { id: 'A-17' } }] })
  const show = ({ key, value }) => `key ${Buffer.isBuffer(key) ? key.toString('hex') : JSON.stringify(key)}, value ${JSON.stringify(value)}`
  const read = async (what, options) => {
    const consumer = avro.consumer({ groupId: what })
    await consumer.connect()
    await consumer.subscribe({ topic: 'orders', fromBeginning: true })
    const result = await new Promise(done => {
      consumer.on('consumer.crash', ({ payload }) => done(payload.error.message))
      consumer.run({
        readerSchema,
        encodedKey: options.encodedKey,
        eachMessage: options.batch ? undefined : async ({ message }) => done(show(message)),
        eachBatch: options.batch ? async ({ batch }) => done(show(batch.messages[0])) : undefined,
      })
    })
    console.log(`${what}: ${result}`)
  }
  await read('messages', {})
  await read('batches', { batch: true })
  await read('messages with keys', { encodedKey: true })
  await read('batches with keys', { batch: true, encodedKey: true })
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 120 node "$work/read.js" "$app")
echo "$out"
expect 'eachMessage reads with the reader schema' '^messages: key 00000000010e, value \{"id":"A-17","state":"NEW"\}$' "$out"
expect 'eachBatch does not' '^batches: key 00000000010e, value \{"id":"A-17"\}$' "$out"
expect 'eachMessage decodes the key by its own schema' '^messages with keys: key \{"number":7\}, value \{"id":"A-17","state":"NEW"\}$' "$out"
expect 'eachBatch by that of the value' '^batches with keys: .*(Key|Order)' "$out"
