#!/usr/bin/env bash
# kafka-ts 1.5.0 (npm) with Apache Kafka 4.3.1: send() writes the partition that it chose into the caller's message, and a message that has a partition is sent there. So an
# object that is used again, with another key or for another topic, goes to the partition of its first use: records of one key lie in two partitions, out of order, and a topic
# with fewer partitions refuses it with an error about a partition nobody asked for. Messages without a key, made from one object, all go to one partition instead of in turn.
# With { ...message } for each send all is as documented.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/kafka.sh"
start_kafka kafka-ts@1.5.0 kafkajs@2.2.4
create() { kafka_tool topics --create --topic "$1" --partitions "$2" >/dev/null; }
create orders 6
create audit 2
cat >"$work/send.js" <<'JS'
const { createKafkaClient, setLogger } = require('kafka-ts')
const { Kafka, logLevel } = require('kafkajs')

async function main() {
  setLogger({ debug() {}, info() {}, warn() {}, error() {} })
  const port = Number(process.argv[2])
  const producer = createKafkaClient({ clientId: 'finding', bootstrapServers: [{ host: '127.0.0.1', port }] }).createProducer({})
  for (const key of ['a', 'b', 'd']) await producer.send([{ topic: 'orders', key, value: `new ${key}` }])
  const message = { topic: 'orders', value: '' }
  for (const key of ['a', 'b', 'd']) await producer.send([Object.assign(message, { key, value: `same ${key}` })])
  const { key, ...keyless } = message
  delete keyless.partition
  for (let i = 0; i < 6; i++) await producer.send([Object.assign(keyless, { value: `no key ${i}` })])
  message.topic = 'audit'
  await producer.send([message]).then(() => console.log('audit: sent'), e => console.log(`audit: ${e.name}: ${e.message}`))

  const consumer = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING }).consumer({ groupId: 'group' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  const partitions = {}
  await new Promise(done => consumer.run({
    eachMessage: async ({ partition, message: { value } }) => {
      partitions[value] = partition
      if (Object.keys(partitions).length === 12) done()
    },
  }))
  const of = what => Object.keys(partitions).filter(value => value.startsWith(what)).sort().map(value => partitions[value])
  for (const what of ['new', 'same', 'no key']) console.log(`${what}: partitions ${of(what)}`)
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 120 node "$work/send.js" "${bootstrap#*:}")
echo "$out"
expect 'three keys have three partitions' '^new: partitions 4,2,5$' "$out"
expect 'by one object they have that of the first' '^same: partitions 4,4,4$' "$out"
expect 'without a key, too, all go to one' '^no key: partitions ([0-5])(,\1){5}$' "$out"
expect 'another topic lacks the partition' '^audit: .*[Pp]artition' "$out"
