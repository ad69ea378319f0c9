#!/usr/bin/env bash
# @opentelemetry/instrumentation-kafkajs 0.32.0 over kafkajs 2.2.4 and librdkafka 2.16.0's mock cluster: the trace context is written into the headers object that
# the caller passed. Where several messages share one object, such as a constant { source: 'shop' }, each overwrites the one before: all records of a
# send carry the trace context of its last message, and a record of one request can carry that of another request, whose send began before it was encoded.
# Without the instrumentation sharing is harmless: kafkajs only reads the object.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
mock_app <<'CS'
admin.GetMetadata("orders", TimeSpan.FromSeconds(10));
Console.WriteLine(servers);
Console.ReadLine();
CS
cat >"$work/trace.js" <<'JS'
const { trace } = require('@opentelemetry/api')
const { NodeTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-node')
const { KafkaJsInstrumentation } = require('@opentelemetry/instrumentation-kafkajs')
const { spawn } = require('child_process')
const { createInterface } = require('readline')

const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
provider.register()
const instrumentation = new KafkaJsInstrumentation()
instrumentation.setTracerProvider(provider)
const { Kafka, Partitioners, logLevel } = require('kafkajs')
instrumentation.disable()
instrumentation.enable()

async function main() {
  const mock = spawn('dotnet', [process.argv[2]], { stdio: ['pipe', 'pipe', 'inherit'] })
  const brokers = (await createInterface({ input: mock.stdout })[Symbol.asyncIterator]().next()).value.split(',')
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const tracer = provider.getTracer('finding')
  const request = (name, send) => tracer.startActiveSpan(name, span => send().finally(() => span.end()))
  const record = (value, headers) => ({ topic: 'orders', messages: [{ partition: 0, value, headers }] })

  const shared = { source: 'shop' }
  await request('batch', () => producer.send({ topic: 'orders', messages: ['b1', 'b2'].map(value => ({ partition: 0, value, headers: shared })) }))
  await Promise.all(['one', 'two'].map(name => request(name, () => producer.send(record(name, shared)))))
  await Promise.all(['own-one', 'own-two'].map(name => request(name, () => producer.send(record(name, { source: 'shop' })))))

  const spans = exporter.getFinishedSpans()
  const byId = new Map(spans.map(span => [span.spanContext().spanId, span]))
  const requestOf = id => spans.find(span => span.spanContext().traceId === id && !span.name.startsWith('send')).name
  const read = {}
  const consumer = kafka.consumer({ groupId: 'group' })
  await consumer.connect()
  await consumer.subscribe({ topic: 'orders', fromBeginning: true })
  await new Promise(done => consumer.run({
    eachMessage: async ({ message }) => {
      const [, traceId, spanId] = message.headers.traceparent.toString().split('-')
      if (!byId.has(spanId)) throw new Error(`no span ${spanId}`)
      read[message.value] = { traceId, spanId }
      if (Object.keys(read).length === 6) done()
    },
  }))
  console.log(`spans of the batch's sends: ${spans.filter(span => span.name === 'send orders' && span.spanContext().traceId === read.b1.traceId).length}`)
  console.log(`records of the batch with the same span: ${read.b1.spanId === read.b2.spanId}`)
  for (const name of ['one', 'two', 'own-one', 'own-two']) console.log(`record of ${name} carries the trace of ${requestOf(read[name].traceId)}`)
  console.log(`the caller's object has: ${Object.keys(shared).join(', ')}`)
  mock.stdin.end()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
npm install --prefix "$work" kafkajs@2.2.4 @opentelemetry/instrumentation-kafkajs@0.32.0 @opentelemetry/sdk-trace-node@2.12.1 @opentelemetry/api@1.9.1 \
  --no-audit --no-fund --loglevel=error >/dev/null
out=$(timeout 120 node "$work/trace.js" "$app")
echo "$out"
expect 'two messages were sent under two spans' "^spans of the batch's sends: 2\$" "$out"
expect 'both records carry one of them' '^records of the batch with the same span: true$' "$out"
expect 'a record of one request carries the trace of another' '^record of one carries the trace of two$' "$out"
expect 'with an object of its own it carries its own' '^record of own-one carries the trace of own-one$' "$out"
expect "the caller's object was changed" "^the caller's object has: source, traceparent\$" "$out"
