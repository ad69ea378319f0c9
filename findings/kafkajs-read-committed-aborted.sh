#!/usr/bin/env bash
# kafkajs 2.2.4: a consumer of committed records only (readUncommitted: false) gives records of aborted transactions to eachMessage, in everyday cases:
# - two transactions that overlap are aborted, and the one that began later ends first. Brokers list aborted transactions in the order in which they ended
#   (Kafka 4.3.1 does); kafkajs takes the list for sorted by first offset, and does not look at the second entry before the first one's offset.
# - a fetch begins where two aborted transactions are open: kafkajs takes in one of the list per record, so the first record of the other comes through.
#   Fetches begin anywhere: after a restart, or where the one before was full.
# - a record of an aborted transaction has the key 0 of four bytes, as an integer serializer writes it: kafkajs takes it for the marker of the abort, and
#   it and all that follows in the transaction comes through.
# A listener in this script answers the fetches, as a broker does that holds the log; what it lists is what the protocol asks for.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/broker.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
listener_app
cat >"$work/read.js" <<'JS'
const { fetchFrom, listen, startMock } = require('./broker.js')
const { Kafka, logLevel } = require('kafkajs')

const record = (producer, value, key = 'k') => ({ producer, key, value })
const end = (producer, ends) => ({ producer, ends })
const last = { key: 'k', value: 'last' }
const zero = Buffer.from([0, 0, 0, 0])
const cases = {
  'one aborted': { log: [record(1, 'aborted 1'), record(1, 'aborted 2'), end(1, 'abort'), record(1, 'committed'), end(1, 'commit'), last] },
  nested: { log: [record(1, 'aborted 1'), record(2, 'aborted 2'), end(2, 'abort'), end(1, 'abort'), last] },
  'begun inside': { from: 2, log: [record(1, 'aborted 1'), record(2, 'aborted 2'), record(2, 'aborted 3'), end(1, 'abort'), end(2, 'abort'), last] },
  'key zero': { log: [record(1, 'aborted 1'), record(1, 'aborted 2', zero), record(1, 'aborted 3'), end(1, 'abort'), last] },
}

async function main() {
  const mock = await startMock(process.argv[2], ['orders'])
  for (const [name, { log, from = 0 }] of Object.entries(cases)) {
    const broker = await listen(mock.address, ['orders'], fetchFrom(log))
    const consumer = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).consumer({ groupId: name.replace(' ', '-'), readUncommitted: false })
    await consumer.connect()
    await consumer.subscribe({ topic: 'orders', fromBeginning: true })
    const read = []
    await new Promise(done => {
      consumer.run({ eachMessage: async ({ message }) => { if (read.push(message.value.toString()) && message.value.toString() === 'last') done() } })
      consumer.seek({ topic: 'orders', partition: 0, offset: String(from) })
    })
    console.log(`${name}: ${read.join(', ')}`)
    await consumer.disconnect()
  }
  mock.stop()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
npm install --prefix "$work" kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
out=$(timeout 120 node "$work/read.js" "$app")
echo "$out"
expect 'a single aborted transaction is left out' '^one aborted: committed, last$' "$out"
expect 'the record before the one that ended first is not' '^nested: aborted 1, last$' "$out"
expect 'nor is the first record of a fetch inside two' '^begun inside: aborted 3, last$' "$out"
expect 'nor what begins with the key 0' '^key zero: aborted 2, aborted 3, last$' "$out"
