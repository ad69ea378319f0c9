#!/usr/bin/env bash
# @nestjs/microservices 12.1.1 over kafkajs 2.2.4 and librdkafka 2.16.0's mock cluster: for a record with a null value, which is how a compacted topic says "deleted", the handler is
# given neither null nor undefined as its payload: it is given the whole Kafka message, an object with key, offset, headers, topic and value null. "if (!payload) remove(key)"
# never runs, and { ...defaults, ...payload } stores an entity made of the message's fields. Other records give the handler their value, as documented.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/nestjs.sh"
nestjs_app <<'JS'
const producer = new Kafka(connection).producer({ createPartitioner: Partitioners.DefaultPartitioner })
await producer.connect()
for (const value of ['{"name":"pen"}', '', null]) await producer.send({ topic: 'orders', messages: [{ partition: 0, key: 'sku-7', value }] })
await new Promise(done => {
  let seen = 0
  listen(payload => {
    const text = payload && typeof payload === 'object' && 'offset' in payload ? `an object with ${Object.keys(payload).sort().join(', ')}` : JSON.stringify(payload)
    console.log(`payload of record ${seen}: ${text}`)
    if (++seen === 3) done()
  })
})
JS
out=$(timeout 120 node "$work/nest.mjs" "$app")
echo "$out"
expect 'a value is the payload' '^payload of record 0: \{"name":"pen"\}$' "$out"
expect 'an empty one too' '^payload of record 1: ""$' "$out"
expect 'for a tombstone it is the message' '^payload of record 2: an object with .*headers, .*key, .*offset, .*partition, .*topic, value$' "$out"
