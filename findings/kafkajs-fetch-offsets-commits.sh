#!/usr/bin/env bash
# kafkajs 2.2.4 with Apache Kafka 4.3.1: admin.fetchOffsets({ groupId, topics, resolveOffsets: true }) writes. Where a group has committed nothing yet, the method turns the -1
# into the end of the partition, as documented, and commits that for the group, which the documentation does not say. So a look at the lag of a group, by a dashboard or a health
# check, before its consumer has ever run moves the group to the end: a consumer with fromBeginning: true then starts there, and never reads what was waiting. Without
# resolveOffsets nothing is written.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/kafka.sh"
start_kafka kafkajs@2.2.4
kafka_tool topics --create --topic orders >/dev/null
cat >"$work/offsets.js" <<'JS'
const { Kafka, Partitioners, logLevel } = require('kafkajs')

const pause = time => new Promise(done => setTimeout(done, time))

async function main() {
  const kafka = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.NOTHING })
  const [admin, producer] = [kafka.admin(), kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })]
  await admin.connect()
  await producer.connect()
  await producer.send({ topic: 'orders', messages: ['first', 'second', 'third'].map(value => ({ value })) })
  // A new broker has no coordinator until the topic of the offsets is there.
  const offset = async (groupId, options) => {
    for (;;) {
      try {
        return (await admin.fetchOffsets({ groupId, topics: ['orders'], ...options }))[0].partitions[0].offset
      } catch (e) {
        if (!e.retriable) throw e
        await pause(200)
      }
    }
  }
  const read = async groupId => {
    const consumer = kafka.consumer({ groupId })
    await consumer.connect()
    await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
    const values = []
    await consumer.run({ eachMessage: async ({ message }) => { values.push(message.value.toString()) } })
    await pause(6000)
    await consumer.disconnect()
    return values
  }
  console.log(`untouched: offset ${await offset('untouched')}`)
  console.log(`untouched: read ${await read('untouched')}`)
  console.log(`looked at: offset ${await offset('looked at')}`)
  console.log(`looked at: resolved ${await offset('looked at', { resolveOffsets: true })}`)
  console.log(`looked at: offset afterwards ${await offset('looked at')}`)
  console.log(`looked at: read ${await read('looked at')}`)
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 120 node "$work/offsets.js" "$bootstrap")
echo "$out"
expect 'a new group has no offset' '^looked at: offset -1$' "$out"
expect 'resolved, that is the end' '^looked at: resolved 3$' "$out"
expect 'which is committed then' '^looked at: offset afterwards 3$' "$out"
expect 'a group that was not looked at reads all' '^untouched: read first,second,third$' "$out"
expect 'the other reads nothing' '^looked at: read $' "$out"
