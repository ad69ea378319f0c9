#!/usr/bin/env bash
# kafkajs-buffer 1.0.2 (npm) over kafkajs 2.2.4: messages whose send fails are gone. A batch is taken out of the buffer before it is sent and not put back: flush() rejects, or onSendError is
# called, with an error that names no message, and the next flush, when the broker is back, sends only what came after. A program that flushes again after an error, as one does with
# a buffer, loses up to batchNumMessages messages a time, and neither onMessageDelivered nor anything else tells which.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/broker.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
listener_app
npm install --prefix "$work" kafkajs-buffer@1.0.2 kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/send.js" <<'JS'
const { KafkajsBuffer } = require('kafkajs-buffer')
const { Kafka, Partitioners, logLevel } = require('kafkajs')
const { startMock } = require('./broker.js')

async function main() {
  const mock = await startMock(process.argv[2], ['orders'])
  const kafka = new Kafka({ brokers: [mock.address], logLevel: logLevel.NOTHING, retry: { retries: 0 } })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  const delivered = [], errors = []
  const buffer = new KafkajsBuffer(producer, { batchNumMessages: 2, onMessageDelivered: ({ key }) => delivered.push(key), onSendError: e => errors.push(e) })
  for (let i = 1; i <= 5; i++) buffer.push({ topic: 'orders', messages: [{ key: `key-${i}`, value: `order ${i}` }] })
  // The producer is not connected yet.
  await buffer.flush().then(() => console.log('flushed'), e => console.log(`flush rejects: ${e.name}, messages in it: ${JSON.stringify(e).includes('key-')}`))
  await producer.connect()
  await buffer.flush()
  console.log(`delivered: ${delivered}`)
  const consumer = kafka.consumer({ groupId: 'group' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  const stored = []
  await consumer.run({ eachMessage: async ({ message }) => { stored.push(message.value.toString()) } })
  while (stored.length < 3) await new Promise(done => setTimeout(done, 100))
  await new Promise(done => setTimeout(done, 2000))
  console.log(`stored: ${stored.sort()}`)
  mock.stop()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 120 node "$work/send.js" "$app")
echo "$out"
expect 'the flush fails, without the messages' '^flush rejects: [A-Za-z]+, messages in it: false$' "$out"
expect 'the next one delivers three of five' '^delivered: key-3,key-4,key-5$' "$out"
expect 'and these are all that is stored' '^stored: order 3,order 4,order 5$' "$out"
