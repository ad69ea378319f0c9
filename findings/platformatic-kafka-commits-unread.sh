#!/usr/bin/env bash
# @platformatic/kafka 2.12.1 on Node.js 22.22.0, before librdkafka 2.16.0's mock cluster: with autocommit, which is on unless said otherwise, what is committed is what was
# fetched, not what the program has taken from the stream. A loop that has taken one message of ten, and still works on it, has all ten committed; when it
# leaves the loop and closes the consumer in order, the other nine are never seen again. kafkajs and the Java client commit only what they have handed out.
# The client's first request has a version that the mock cluster lacks; a listener in between answers that one, and names itself as the only broker.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/broker.sh"
listener_app
install_platformatic
cat >"$work/read.js" <<'JS'
const { batch, listen, produce, startMock } = require('./broker.js')
const { Kafka, logLevel } = require('kafkajs')
const { setTimeout: pause } = require('timers/promises')

async function main() {
  const { Consumer } = await import('@platformatic/kafka')
  const mock = await startMock(process.argv[2], ['orders'])
  await produce(mock.address, 'orders', batch(Array.from({ length: 10 }, (_, i) => ({ value: `order ${i}` })), { created: Date.now() }))
  const broker = await listen(mock.address, ['orders'])
  const kafka = new Kafka({ brokers: [mock.address], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const committed = async groupId => (await admin.fetchOffsets({ groupId, topics: ['orders'] }))[0].partitions[0].offset

  const consumer = new Consumer({ groupId: 'platformatic', clientId: 'finding', bootstrapBrokers: [broker], retries: 3, retryDelay: 200 })
  const stream = await consumer.consume({ topics: ['orders'], mode: 'earliest', maxWaitTime: 200 })
  for await (const message of stream) {
    await pause(2000)
    console.log(`platformatic: working on '${message.value}', committed ${await committed('platformatic')}`)
    break
  }
  await Promise.race([consumer.close(true), pause(5000)])
  console.log(`platformatic: closed, committed ${await committed('platformatic')}`)

  const other = kafka.consumer({ groupId: 'kafkajs' })
  await other.connect()
  await other.subscribe({ topic: 'orders', fromBeginning: true })
  await new Promise(done => other.run({ eachMessage: async ({ message }) => { if (message.offset === '0') done(); else await pause(60_000) } }))
  await pause(2000)
  console.log(`kafkajs: working on the second message, committed ${await committed('kafkajs')}`)
  mock.stop()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 120 "$node22" "$work/read.js" "$app")
echo "$out"
expect 'ten are committed while the program has the first' "^platformatic: working on 'order 0', committed 10\$" "$out"
expect 'and stay so' '^platformatic: closed, committed 10$' "$out"
expect 'kafkajs has committed at most the one that is done' '^kafkajs: working on the second message, committed (-1|0|1)$' "$out"
