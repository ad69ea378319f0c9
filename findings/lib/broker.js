// For the findings that need what librdkafka's mock cluster does not do: record batches byte by byte, and a listener before the mock cluster's one broker that answers
// some requests itself. Copied beside the script's own program.
const { spawn } = require('child_process')
const { createInterface } = require('readline')
const net = require('net')

const [int8, int16, int32] = [1, 2, 4].map(size => value => { const bytes = Buffer.alloc(size); bytes.writeIntBE(value, 0, size); return bytes })
const int64 = value => { const bytes = Buffer.alloc(8); bytes.writeBigInt64BE(BigInt(value)); return bytes }
const text = value => Buffer.concat([int16(value.length), Buffer.from(value)])
const varint = value => int8(value < 0 ? -2 * value - 1 : 2 * value) // of one byte, which is enough here
const sized = bytes => Buffer.concat([varint(bytes.length), bytes])
const framed = bytes => Buffer.concat([int32(bytes.length), bytes])

const table = Int32Array.from({ length: 256 }, (_, n) => { for (let bit = 0; bit < 8; bit++) n = n & 1 ? n >>> 1 ^ 0x82f63b78 : n >>> 1; return n })
const crc32c = bytes => ~bytes.reduce((crc, byte) => crc >>> 8 ^ table[(crc ^ byte) & 255], -1)

// The attribute bits of a batch.
const appendTime = 8, transactional = 16, control = 32

// A record batch (magic 2), created one millisecond after the other from 'created' on.
function batch(records, { offset = 0, attributes = 0, created = 0, maxTimestamp = created + records.length - 1, producerId = -1 } = {}) {
  const encoded = records.map(({ key, value }, i) =>
    sized(Buffer.concat([int8(0), varint(i), varint(i), key == null ? varint(-1) : sized(Buffer.from(key)), sized(Buffer.from(value)), varint(0)])))
  const body = Buffer.concat([int16(attributes), int32(records.length - 1), int64(created), int64(maxTimestamp), int64(producerId),
    int16(producerId < 0 ? -1 : 0), int32(producerId < 0 ? -1 : 0), int32(records.length), ...encoded])
  const checked = Buffer.concat([int32(0), int8(2), int32(crc32c(body)), body])
  return Buffer.concat([int64(offset), framed(checked)])
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

// Stores one batch in partition 0 of a topic of the mock cluster.
function produce(address, topic, records) {
  const socket = net.connect(Number(address.split(':')[1]), '127.0.0.1')
  socket.write(framed(Buffer.concat([int16(0), int16(7), int32(1), text('finding'),
    int16(-1), int16(-1), int32(5000), int32(1), text(topic), int32(1), int32(0), framed(records)])))
  return frames(socket, () => socket.end())
}

// Starts the mock cluster's program, which prints its address and ends with its input.
async function startMock(program, topics) {
  const mock = spawn('dotnet', [program, ...topics], { stdio: ['pipe', 'pipe', 'inherit'] })
  const address = (await createInterface({ input: mock.stdout })[Symbol.asyncIterator]().next()).value
  return { address, stop: () => mock.stdin.end() }
}

// What is served, with highest versions that have no tagged fields: Produce, Fetch, ListOffsets, Metadata, OffsetCommit, OffsetFetch, FindCoordinator,
// JoinGroup, Heartbeat, LeaveGroup (the mock cluster answers 3 without its members), SyncGroup, ApiVersions.
const served = { 0: 7, 1: 11, 2: 5, 3: 1, 8: 7, 9: 5, 10: 0, 11: 5, 12: 3, 13: 1, 14: 3, 18: 3 }

// A broker that passes requests on to the mock cluster's, but for those whose answer names brokers, for ApiVersions up to 3, which the mock cluster lacks,
// and for those in 'answers' ({ api: { highest, answer(request, body begins at) } }). Resolves with its address.
async function listen(mock, topics, answers = {}) {
  const highest = { ...served, ...Object.fromEntries(Object.entries(answers).map(([api, each]) => [api, each.highest])) }
  const listener = net.createServer(client => {
    const upstream = net.connect(Number(mock.split(':')[1]), '127.0.0.1')
    upstream.pipe(client)
    upstream.on('error', () => client.destroy())
    client.on('close', () => upstream.destroy())
    frames(client, request => {
      const [api, version, body] = [request.readInt16BE(0), request.readInt16BE(2), 10 + Math.max(request.readInt16BE(8), 0)]
      const self = [text('127.0.0.1'), int32(listener.address().port)]
      const tagged = version === 3
      const ranges = () => Object.entries(highest).flatMap(([key, last]) => [int16(key), int16(last === 1 ? 1 : 0), int16(last), ...tagged ? [int8(0)] : []])
      const own = {
        3: () => [int32(1), int32(1), ...self, int16(-1), int32(1), int32(topics.length), ...topics.flatMap(topic =>
          [int16(0), text(topic), int8(0), int32(1), int16(0), int32(0), int32(1), int32(1), int32(1), int32(1), int32(1)])],
        10: () => [int16(0), int32(1), ...self],
        18: () => [int16(0), (tagged ? count => int8(count + 1) : int32)(Object.keys(highest).length), ...ranges(), ...version > 0 ? [int32(0)] : [], ...tagged ? [int8(0)] : []],
      }
      const answer = answers[api] ? () => answers[api].answer(request, body) : own[api]
      if (answer) client.write(framed(Buffer.concat([request.subarray(4, 8), ...answer()])))
      else upstream.write(framed(request))
    }).catch(() => client.destroy())
  })
  await new Promise(done => listener.listen(0, '127.0.0.1', done))
  return `127.0.0.1:${listener.address().port}`
}

// Answers Fetch 4 for partition 0 from a log of one-record batches: entries { producer, key, value } or { producer, ends: 'abort' | 'commit' }; without a producer a
// record is of no transaction. Aborted transactions are listed as a broker does: those that reach into what is answered, in the order in which they ended.
function fetchFrom(log) {
  const batches = log.map(({ producer, key, value, ends }, offset) => batch(
    [ends ? marker(ends) : { key, value }],
    { offset, attributes: (producer ? transactional : 0) | (ends ? control : 0), producerId: producer ?? -1 }))
  const aborted = log.flatMap(({ producer, ends }, last) => {
    if (ends !== 'abort') return []
    const before = log.slice(0, last).findLastIndex(each => each.producer === producer && each.ends)
    return [{ producer, first: log.findIndex((each, offset) => offset > before && each.producer === producer), last }]
  })
  const answer = (request, body) => {
    const topic = request.subarray(body + 23, body + 23 + request.readInt16BE(body + 21))
    const asked = body + 23 + topic.length + 4 + 4
    const [from, room] = [Number(request.readBigInt64BE(asked)), request.readInt32BE(asked + 8)]
    const to = batches.reduce((end, each, i) => i < from || i > from && batches.slice(from, i + 1).reduce((sum, b) => sum + b.length, 0) > room ? end : i + 1, from)
    const overlapping = aborted.filter(({ first, last }) => last >= from && first < to)
    return [int32(0), int32(1), text(topic.toString()), int32(1), int32(0), int16(0), int64(log.length), int64(log.length),
      int32(overlapping.length), ...overlapping.flatMap(({ producer, first }) => [int64(producer), int64(first)]), framed(Buffer.concat(batches.slice(from, to)))]
  }
  return { 1: { highest: 4, answer } }
}

// The record of the marker that ends a transaction.
const marker = ends => ({ key: Buffer.concat([int16(0), int16(ends === 'abort' ? 0 : 1)]), value: Buffer.concat([int16(0), int32(0)]) })

module.exports = { appendTime, batch, control, fetchFrom, listen, marker, produce, startMock, transactional }
