#!/usr/bin/env bash
# cloudevents 10.0.0 (npm) with kafkajs 2.2.4 on librdkafka 2.16.0's mock cluster: the messages of its Kafka binding do not fit the Kafka client of the same language. Kafka.binary makes a header
# of each attribute that the event lacks, with the value undefined, and kafkajs's send rejects every message of it with a TypeError; data that is an object stays an object, an
# extension that is a number a number, each of which is a TypeError too. A record that kafkajs has read has its headers as Buffers: Kafka.isEvent says true, Kafka.toEvent
# throws "contentType.startsWith is not a function". With the data and each header made text by hand, both ways work.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
mock_app 1 <<'CS'
admin.GetMetadata("events", TimeSpan.FromSeconds(10));
Console.WriteLine(servers);
Console.ReadLine();
CS
npm install --prefix "$work" cloudevents@10.0.0 kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/events.js" <<'JS'
const { CloudEvent, Kafka: binding } = require('cloudevents')
const { Kafka, Partitioners, logLevel } = require('kafkajs')
const { spawn } = require('child_process')
const { createInterface } = require('readline')

const texts = headers => Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]))

async function main() {
  const mock = spawn('dotnet', [process.argv[2]], { stdio: ['pipe', 'pipe', 'inherit'] })
  const brokers = (await createInterface({ input: mock.stdout })[Symbol.asyncIterator]().next()).value.split(',')
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, retry: { retries: 0 } })
  await producer.connect()
  const send = (title, { key, value, headers }) => producer.send({ topic: 'events', messages: [{ partition: 0, key, value, headers }] })
    .then(() => console.log(`${title}: sent`), e => console.log(`${title}: ${(e.originalError || e).name}`))
  const made = { id: '1', source: '/shop', type: 'sold', time: '2026-01-02T03:04:05Z', datacontenttype: 'application/json' }
  const plain = binding.binary(new CloudEvent({ ...made, data: '{"total":5}' }))
  console.log(`headers without a value: ${Object.keys(plain.headers).filter(name => plain.headers[name] === undefined).join(' ')}`)
  await send('data that is text', plain)
  const message = binding.binary(new CloudEvent({ ...made, data: { total: 5 }, sequence: 7 }))
  const [value, headers] = [JSON.stringify(message.value), texts(message.headers)]
  await send('its headers made text by hand, data that is an object', { value: message.value, headers })
  await send('its data made text by hand, a header that is a number', { value, headers: { ...headers, ce_sequence: message.headers.ce_sequence } })
  await send('both made text by hand', { value, headers })

  const consumer = kafka.consumer({ groupId: 'group' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'events', fromBeginning: true })
  const read = await new Promise(done => consumer.run({ eachMessage: async ({ message }) => done(message) }))
  const show = (title, record) => {
    try {
      const event = binding.toEvent(record)
      console.log(`${title}: isEvent ${binding.isEvent(record)}, total ${event.data.total}`)
    } catch (e) {
      console.log(`${title}: isEvent ${binding.isEvent(record)}, ${e.name}: ${e.message}`)
    }
  }
  show('as read', read)
  show('read and made text by hand', { ...read, value: read.value.toString(), headers: texts(read.headers) })
  mock.stdin.end()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
out=$(timeout 120 node "$work/events.js" "$app")
echo "$out"
expect 'headers are made of what the event lacks' '^headers without a value: ce_subject ce_datacontentencoding ce_dataschema ce_schemaurl$' "$out"
expect 'so that the plainest event is not sent' '^data that is text: TypeError$' "$out"
expect 'nor data that is an object' '^its headers made text by hand, data that is an object: TypeError$' "$out"
expect 'nor a header that is a number' '^its data made text by hand, a header that is a number: TypeError$' "$out"
expect 'all made text by hand is' '^both made text by hand: sent$' "$out"
expect 'a record as it is read throws' '^as read: isEvent true, TypeError: contentType.startsWith is not a function$' "$out"
expect 'with text in its headers it is an event' '^read and made text by hand: isEvent true, total 5$' "$out"
