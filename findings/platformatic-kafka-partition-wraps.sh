#!/usr/bin/env bash
# @platformatic/kafka 2.12.1 on Node.js 22.22.0, before librdkafka 2.16.0's mock cluster: a message for a partition that the topic lacks is stored in another one: the number is taken
# modulo the number of partitions. After a topic was made anew with fewer partitions, or for a wrong number, send() resolves and names a partition nobody asked for; who
# reads by partition gets others' records. The Java client and librdkafka refuse such a message, kafkajs drops it.
# The client's first request has a version that the mock cluster lacks; a listener in between answers that one, and names itself as the only broker.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/broker.sh"
listener_app
install_platformatic
cat >"$work/send.js" <<'JS'
const { listen, startMock } = require('./broker.js')

async function main() {
  const { Producer, stringSerializers } = await import('@platformatic/kafka')
  const mock = await startMock(process.argv[2], ['orders'])
  const broker = await listen(mock.address, ['orders'])
  const producer = new Producer({ clientId: 'finding', bootstrapBrokers: [broker], serializers: stringSerializers, retries: 3, retryDelay: 200 })
  const { topics } = await producer.metadata({ topics: ['orders'] })
  for (const partition of [0, 9]) {
    const { offsets } = await producer.send({ messages: [{ topic: 'orders', partition, key: 'k', value: 'v' }], acks: 1 })
    console.log(`partition ${partition} of ${topics.get('orders').partitionsCount}: stored in ${offsets.map(each => `${each.partition} at ${each.offset}`)}`)
  }
  mock.stop()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 120 "$node22" "$work/send.js" "$app")
echo "$out"
expect 'the topic has one partition' '^partition 0 of 1: stored in 0 at 0$' "$out"
expect 'what is meant for partition 9 is stored in it' '^partition 9 of 1: stored in 0 at 1$' "$out"
