#!/usr/bin/env bash
# kafkajs 2.2.4 against librdkafka 2.16.0's mock cluster: one send() of three messages without a key goes to two partitions with two leaders, and one of the
# leaders answers once NOT_ENOUGH_REPLICAS, which is retriable. For the retry kafkajs calls the partitioner again, which deals the messages out anew, but a
# broker that has answered is not asked again: a message that now belongs to that broker is never stored, one that belonged to it before is stored twice.
# send() resolves, with acks=-1. No leader has moved: any retriable answer of one broker is enough.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-native.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
native_mock_app <<'CS'
const short Produce = 0;
const int NotEnoughReplicas = 19;
while (Console.ReadLine() is not null)
{
    Native.rd_kafka_mock_push_request_errors_array(cluster, Produce, 1, [NotEnoughReplicas]);
    Console.WriteLine("pushed");
}
CS
cat >"$work/send.js" <<'JS'
const { Kafka, Partitioners, logLevel } = require('kafkajs')
const { spawn } = require('child_process')
const { createInterface } = require('readline')

async function main() {
  const mock = spawn('dotnet', [process.argv[2]], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: mock.stdout })[Symbol.asyncIterator]()
  const kafka = new Kafka({ brokers: (await lines.next()).value.split(','), logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, retry: { initialRetryTime: 100 } })
  await producer.connect()
  const send = name => producer.send({ topic: 'orders', acks: -1, messages: [1, 2, 3].map(i => ({ value: `${name} ${i}` })) })
  await send('undisturbed')
  mock.stdin.write('\n')
  await lines.next()
  await send('disturbed')
  console.log('both sends resolved')
  const stored = []
  const consumer = kafka.consumer({ groupId: 'group' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  let expected = 0
  const admin = kafka.admin()
  await admin.connect()
  for (const { high } of await admin.fetchTopicOffsets('orders')) expected += Number(high)
  await new Promise(done => consumer.run({ eachMessage: async ({ message }) => { if (stored.push(message.value.toString()) === expected) done() } }))
  for (const name of ['undisturbed', 'disturbed']) {
    const counts = [1, 2, 3].map(i => stored.filter(value => value === `${name} ${i}`).length)
    console.log(`${name}: stored ${counts.join(', ')} times`)
    console.log(`${name}: ${counts.filter(count => count === 0).length} lost, ${counts.filter(count => count > 1).length} stored twice`)
  }
  mock.stdin.end()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
npm install --prefix "$work" kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
out=$(timeout 120 node "$work/send.js" "$app")
echo "$out"
expect 'both sends resolve' '^both sends resolved$' "$out"
expect 'without an error each message is stored once' '^undisturbed: 0 lost, 0 stored twice$' "$out"
expect 'with a retriable one some are lost, others stored twice' '^disturbed: [12] lost, [12] stored twice$' "$out"
