#!/usr/bin/env bash
# @platformatic/kafka 2.12.1 on Node.js 22.22.0: a consumer that reads committed records only, which is what it does unless told otherwise, delivers records of aborted transactions:
# - a producer aborted two transactions in a row: of what one fetch brings, only the last one's records are left out, the first one's are delivered.
# - a transaction is longer than one fetch: the records of each fetch that does not bring the marker of the abort are delivered, although the broker lists the
#   transaction as aborted in each. Only a transaction that lies in one fetch to its end is left out.
# A listener in this script answers the fetches, as a broker does that holds the log; what it lists is what the protocol asks for.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/broker.sh"
listener_app
install_platformatic
cat >"$work/read.js" <<'JS'
const { fetchFrom, listen, startMock } = require('./broker.js')

const record = (producer, value) => ({ producer, key: 'k', value })
const end = (producer, ends) => ({ producer, ends })
const last = { key: 'k', value: 'last' }
const long = [record(1, 'aborted 1'), record(1, 'aborted 2'), record(1, 'aborted 3'), end(1, 'abort'), last]
const cases = {
  'one aborted': { log: [record(1, 'aborted 1'), record(1, 'aborted 2'), end(1, 'abort'), record(1, 'committed'), end(1, 'commit'), last] },
  'two aborted': { log: [record(1, 'aborted 1'), end(1, 'abort'), record(1, 'aborted 2'), end(1, 'abort'), last] },
  'two aborted by two producers': { log: [record(1, 'aborted 1'), end(1, 'abort'), record(2, 'aborted 2'), end(2, 'abort'), last] },
  'three records': { log: long },
  'three records, fetches of two': { log: long, bytes: 160 },
}

async function main() {
  const { Consumer } = await import('@platformatic/kafka')
  const mock = await startMock(process.argv[2], ['orders'])
  for (const [name, { log, bytes = 1_000_000 }] of Object.entries(cases)) {
    const broker = await listen(mock.address, ['orders'], fetchFrom(log))
    const consumer = new Consumer({ groupId: name.replace(/\W/g, '-'), clientId: 'finding', bootstrapBrokers: [broker], retries: 3, retryDelay: 200 })
    const stream = await consumer.consume({ topics: ['orders'], mode: 'earliest', autocommit: false, maxWaitTime: 200, maxBytesPerPartition: bytes })
    const read = []
    await new Promise((done, failed) => {
      stream.on('data', message => { if (read.push(message.value.toString()) && message.value.toString() === 'last') done() })
      stream.on('error', failed)
    })
    console.log(`${name}: ${read.join(', ')}`)
    await consumer.close(true)
  }
  mock.stop()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 120 "$node22" "$work/read.js" "$app")
echo "$out"
expect 'a single aborted transaction is left out' '^one aborted: committed, last$' "$out"
expect 'of two of one producer the first is delivered' '^two aborted: aborted 1, last$' "$out"
expect 'of two producers none is' '^two aborted by two producers: last$' "$out"
expect 'one that a fetch brings whole is left out' '^three records: last$' "$out"
expect 'in smaller fetches its beginning is delivered' '^three records, fetches of two: aborted 1, aborted 2, last$' "$out"
