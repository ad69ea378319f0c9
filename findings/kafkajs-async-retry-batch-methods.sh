#!/usr/bin/env bash
# kafkajs-async-retry 1.0.0 (npm) over kafkajs 2.2.4 and librdkafka 2.16.0's mock cluster: in a retry topic the batch that eachBatch gives has no methods. isEmpty, firstOffset, lastOffset,
# offsetLag and offsetLagLow, which kafkajs documents for a batch, are there for the main topic; of a retry topic's batch the helper makes a plain object, and
# "batch.lastOffset is not a function". kafkajs takes a TypeError for final and stops the consumer, of both topics, so that a handler that works ends with the first message that it had to
# retry, and again after each start, as the offset stays. The types say that the methods are there.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/broker.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
listener_app
npm install --prefix "$work" kafkajs-async-retry@1.0.0 kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/retry.js" <<'JS'
const { default: AsyncRetryHelper } = require('kafkajs-async-retry')
const { Kafka, Partitioners, logLevel } = require('kafkajs')
const { startMock } = require('./broker.js')

async function main() {
  const mock = await startMock(process.argv[2], ['orders', 'billing-retry-1'])
  const kafka = new Kafka({ brokers: [mock.address], logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  await producer.send({ topic: 'orders', messages: [{ key: 'k', value: 'v' }] })
  const helper = new AsyncRetryHelper({ producer, groupId: 'billing', maxRetries: 1, retryDelays: [0.001] })
  const consumer = kafka.consumer({ groupId: 'billing' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders', 'billing-retry-1'], fromBeginning: true })
  await new Promise(done => {
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => {
      console.log(`the consumer ends: ${error.message}, restart: ${restart}`)
      done()
    })
    consumer.run({
      eachBatch: helper.eachBatch(async ({ batch, messageFailureHandler, resolveOffset }) => {
        const methods = ['isEmpty', 'firstOffset', 'lastOffset', 'offsetLag', 'offsetLagLow'].filter(name => typeof batch[name] === 'function')
        console.log(`${batch.topic}, ${batch.messages.length} message: ${methods.join(', ') || 'no methods'}`)
        console.log(`${batch.topic}: the last offset is ${batch.lastOffset()}`)
        for (const message of batch.messages) {
          await messageFailureHandler(new Error('fails'), message)
          resolveOffset(message.offset)
        }
      }),
    })
  })
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 120 node "$work/retry.js" "$app")
echo "$out"
expect 'a batch of the main topic has its methods' '^orders, 1 message: isEmpty, firstOffset, lastOffset, offsetLag, offsetLagLow$' "$out"
expect 'and they work' '^orders: the last offset is 0$' "$out"
expect 'one of a retry topic has none' '^billing-retry-1, 1 message: no methods$' "$out"
expect 'and the consumer stops' '^the consumer ends: batch\.lastOffset is not a function, restart: false$' "$out"
