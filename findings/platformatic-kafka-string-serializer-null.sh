#!/usr/bin/env bash
# @platformatic/kafka 2.12.1 on Node.js 22.22.0, before librdkafka 2.16.0's mock cluster: stringSerializers, which its guide begins with, turn whatever is no string into null, without
# an error. A value that is a number, an object or a Buffer is sent as a tombstone, which deletes its key on a compacted topic; a key that is a number is dropped, so
# that records of one customer are dealt out over all partitions; send() resolves. jsonSerializer has no tombstone: null is sent as the four bytes of "null".
# The client's first request has a version that the mock cluster lacks; a listener in between answers that one, and names itself as the only broker.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/broker.sh"
listener_app
install_platformatic
cat >"$work/send.js" <<'JS'
const { listen, startMock } = require('./broker.js')
const { Kafka, logLevel } = require('kafkajs')

async function main() {
  const { Producer, jsonSerializer, stringSerializers } = await import('@platformatic/kafka')
  const mock = await startMock(process.argv[2], ['orders'])
  const broker = await listen(mock.address, ['orders'])
  const send = async (serializers, messages) => {
    const producer = new Producer({ clientId: 'finding', bootstrapBrokers: [broker], serializers, retries: 3, retryDelay: 200 })
    for (const message of messages) await producer.send({ messages: [{ topic: 'orders', partition: 0, ...message }], acks: 1 })
    await producer.close()
  }
  const texts = [{ key: 'k', value: 'text' }, { key: 'k', value: 42 }, { key: 'k', value: { total: 42 } }, { key: 'k', value: Buffer.from('bytes') }, { key: 7, value: 'text' }]
  await send(stringSerializers, texts)
  await send({ key: stringSerializers.key, value: jsonSerializer }, [{ key: 'k', value: null }])
  const names = ['a string', 'a number', 'an object', 'a Buffer', 'a key that is a number', 'null as JSON']

  const consumer = new Kafka({ brokers: [mock.address], logLevel: logLevel.NOTHING }).consumer({ groupId: 'reader' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  const text = bytes => bytes == null ? 'null' : `'${bytes}'`
  await new Promise(done => consumer.run({
    eachMessage: async ({ message: { key, value, offset } }) => {
      console.log(`${names[offset]}: key ${text(key)}, value ${text(value)}`)
      if (Number(offset) === names.length - 1) done()
    },
  }))
  mock.stop()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 120 "$node22" "$work/send.js" "$app")
echo "$out"
expect 'a string is sent' "^a string: key 'k', value 'text'\$" "$out"
expect 'a number is a tombstone' "^a number: key 'k', value null\$" "$out"
expect 'so is an object' "^an object: key 'k', value null\$" "$out"
expect 'so are bytes' "^a Buffer: key 'k', value null\$" "$out"
expect 'a key that is a number is no key' "^a key that is a number: key null, value 'text'\$" "$out"
expect 'null is no tombstone with the JSON serializer' "^null as JSON: key 'k', value 'null'\$" "$out"
