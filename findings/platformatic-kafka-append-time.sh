#!/usr/bin/env bash
# @platformatic/kafka 2.12.1 on Node.js 22.22.0, before librdkafka 2.16.0's mock cluster: on a topic with message.timestamp.type=LogAppendTime a broker marks the batch and
# writes its own time into the batch's header, once; each record has that time, as the protocol says and as kafkajs 2.2.4 reads it. This client ignores the
# mark and gives the producer's times, so a program that trusts the topic's clock (retention, windows, audit) works with times that anybody may have set.
# The client's first request has a version that the mock cluster lacks; a listener in between answers that one, and names itself as the only broker.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/broker.sh"
listener_app
install_platformatic
cat >"$work/read.js" <<'JS'
const { appendTime, batch, listen, produce, startMock } = require('./broker.js')

const created = 1_600_000_000_000
const appended = 1_700_000_000_000

async function readPlatformatic(broker, topic) {
  const { Consumer } = await import('@platformatic/kafka')
  const consumer = new Consumer({ groupId: `platformatic-${topic}`, clientId: 'finding', bootstrapBrokers: [broker], retries: 3, retryDelay: 200 })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, maxWaitTime: 200 })
  const read = []
  await new Promise((done, failed) => {
    stream.on('data', message => { if (read.push(`${message.value} ${message.timestamp}`) === 2) done() })
    stream.on('error', failed)
  })
  return read.join(', ')
}

async function readKafkajs(broker, topic) {
  const { Kafka, logLevel } = require('kafkajs')
  const consumer = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).consumer({ groupId: `kafkajs-${topic}` })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const read = []
  await new Promise(done => consumer.run({ eachMessage: async ({ message }) => { if (read.push(`${message.value} ${message.timestamp}`) === 2) done() } }))
  return read.join(', ')
}

async function main() {
  const topics = ['created', 'appended']
  const mock = await startMock(process.argv[2], topics)
  const records = [{ value: 'a' }, { value: 'b' }]
  await produce(mock.address, 'created', batch(records, { created }))
  await produce(mock.address, 'appended', batch(records, { created, attributes: appendTime, maxTimestamp: appended }))
  const broker = await listen(mock.address, topics)
  for (const topic of topics) {
    console.log(`${topic}, kafkajs: ${await readKafkajs(mock.address, topic)}`)
    console.log(`${topic}, platformatic: ${await readPlatformatic(broker, topic)}`)
  }
  mock.stop()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 120 "$node22" "$work/read.js" "$app")
echo "$out"
expect 'both read creation times' '^created, platformatic: a 1600000000000, b 1600000000001$' "$out"
expect 'kafkajs reads the time of the append for each record' '^appended, kafkajs: a 1700000000000, b 1700000000000$' "$out"
expect 'platformatic reads the creation times there too' '^appended, platformatic: a 1600000000000, b 1600000000001$' "$out"
