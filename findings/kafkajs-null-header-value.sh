#!/usr/bin/env bash
# kafkajs 2.2.4 against librdkafka 2.16.0's mock cluster: a header whose value is null, which Kafka's record format has, is read as null and cannot be written:
# send() rejects with a TypeError from inside the encoder. So a program that passes headers on, as dead letters and retry topics do, fails at such a record.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
mock_app <<'CS'
await host.ProduceAsync("topic", new Message<Null, string> { Value = "v", Headers = new Headers { { "absent", null }, { "empty", [] } } });
Console.WriteLine(servers);
Console.ReadLine();
CS
cat >"$work/headers.js" <<'JS'
const { Kafka, Partitioners, logLevel } = require('kafkajs')
const { spawn } = require('child_process')
const { createInterface } = require('readline')

async function main() {
  const mock = spawn('dotnet', [process.argv[2]], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: mock.stdout })[Symbol.asyncIterator]()
  const kafka = new Kafka({ brokers: (await lines.next()).value.split(','), logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, retry: { retries: 0 } })
  await producer.connect()
  const send = headers => producer.send({ topic: 'topic', messages: [{ partition: 0, value: 'v', headers }] })
  await send({ h: '' })
  console.log('an empty header is sent')
  await send({ h: null }).then(() => console.log('a null header is sent'), e => console.log(`a null header: ${(e.originalError || e).name}: ${e.message}`))
  const consumer = kafka.consumer({ groupId: 'group' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'topic', fromBeginning: true })
  await new Promise(done => consumer.run({
    eachMessage: async ({ message }) => {
      if ('absent' in message.headers) {
        console.log(`read: null as ${JSON.stringify(message.headers.absent)}, empty as ${JSON.stringify(message.headers.empty)}`)
        done()
      }
    },
  }))
  mock.stdin.end()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
npm install --prefix "$work" kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
out=$(timeout 120 node "$work/headers.js" "$app")
echo "$out"
expect 'a null header is read as null, an empty one as an empty buffer' '^read: null as null, empty as .*"data":\[\]' "$out"
expect 'a null header cannot be sent' '^a null header: TypeError: ' "$out"
