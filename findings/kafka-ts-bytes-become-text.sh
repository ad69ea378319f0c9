#!/usr/bin/env bash
# kafka-ts 1.5.0 (npm) with Apache Kafka 4.3.1: keys and values are Buffers by its README, strings by its types, and a consumer is given text. Each byte sequence that is not
# UTF-8 is replaced, without an error, so that what Avro, Protobuf or a compressor wrote, or an integer key, cannot be had from this client at all: there is no setting, and the
# bytes are gone before onBatch is called. A Buffer can be sent, and arrives whole at kafkajs 2.2.4. Of several headers of one key, which Kafka has and kafkajs writes and reads
# as an array, only the last is given. And "kafka.createProducer()", as the README begins, throws a TypeError: it needs an argument, {}.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/kafka.sh"
start_kafka kafka-ts@1.5.0 kafkajs@2.2.4
for topic in from-kafkajs from-kafka-ts; do kafka_tool topics --create --topic "$topic" >/dev/null; done
cat >"$work/bytes.js" <<'JS'
const { createKafkaClient, setLogger } = require('kafka-ts')
const { Kafka, Partitioners, logLevel } = require('kafkajs')

const [key, value] = [Buffer.from('000000c8', 'hex'), Buffer.from('00000000078ae7', 'hex')] // 200; a message of a schema registry
const hex = bytes => Buffer.from(bytes).toString('hex')

async function main() {
  setLogger({ debug() {}, info() {}, warn() {}, error() {} })
  const port = Number(process.argv[2])
  const client = createKafkaClient({ clientId: 'finding', bootstrapServers: [{ host: '127.0.0.1', port }] })
  try {
    client.createProducer()
  } catch (e) {
    console.log(`createProducer(): ${e.name}`)
  }
  const js = new Kafka({ brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING })
  const jsProducer = js.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await jsProducer.connect()
  await jsProducer.send({ topic: 'from-kafkajs', messages: [{ key, value, headers: { via: ['a', 'b'] } }] })
  const producer = client.createProducer({})
  await producer.send([{ topic: 'from-kafka-ts', key, value }])

  const consumer = js.consumer({ groupId: 'kafkajs' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['from-kafkajs', 'from-kafka-ts'], fromBeginning: true })
  let left = 2
  await new Promise(done => consumer.run({
    eachMessage: async ({ topic, message }) => {
      console.log(`kafkajs, ${topic}: ${hex(message.key)} ${hex(message.value)} headers ${JSON.stringify([message.headers.via ?? []].flat().map(String))}`)
      if (--left === 0) done()
    },
  }))
  left = 2
  await new Promise(done => client.startConsumer({
    topics: ['from-kafkajs', 'from-kafka-ts'],
    fromBeginning: true,
    onBatch: messages => {
      for (const each of messages) {
        console.log(`kafka-ts, ${each.topic}: ${typeof each.value} ${hex(each.key)} ${hex(each.value)} headers ${JSON.stringify(each.headers)}`)
        if (--left === 0) done()
      }
    },
  }))
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 120 node "$work/bytes.js" "${bootstrap#*:}")
echo "$out"
expect 'the bytes are in the topic' '^kafkajs, from-kafkajs: 000000c8 00000000078ae7 headers \["a","b"\]$' "$out"
expect 'kafka-ts has sent them too' '^kafkajs, from-kafka-ts: 000000c8 00000000078ae7 ' "$out"
expect 'and reads others, and one header' '^kafka-ts, from-kafkajs: string 000000efbfbd 0000000007efbfbdefbfbd headers \{"via":"b"\}$' "$out"
expect 'also of what it sent' '^kafka-ts, from-kafka-ts: string 000000efbfbd 0000000007efbfbdefbfbd ' "$out"
expect 'createProducer() throws' '^createProducer\(\): TypeError$' "$out"
