#!/usr/bin/env bash
# Confluent.Kafka 2.16.0 (librdkafka 2.16.0) and kafkajs 2.2.4, on librdkafka's mock cluster: a record that is sent with the timestamp 0, a valid time
# (1970-01-01T00:00Z), is stored with the time of the sending. Timestamps 1 and even -1 ("none" in the format) are kept. A program that copies records from one
# topic to another, or that has no time and says 0, gets records of today there; retention and look-ups by time then work with that. In kafkajs the
# number 0 is replaced and the string '0' is kept. The Java client sends 0 as it is.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
mock_app <<'CS'
TopicPartition partition = new("topic", 0);
foreach (long time in new[] { 0L, 1, -1 })
{
    await host.ProduceAsync(partition, Record($"Confluent.Kafka, {time}", time));
}

Console.WriteLine(servers);
int expected = 3 + int.Parse(Console.ReadLine()!);
using IConsumer<Ignore, string> consumer = new ConsumerBuilder<Ignore, string>(
    new ConsumerConfig { BootstrapServers = servers, GroupId = "group" }).SetLogHandler((_, _) => { }).Build();
consumer.Assign(new TopicPartitionOffset(partition, 0));
for (int i = 0; i < expected; i++)
{
    Message<Ignore, string> read = consumer.Consume(TimeSpan.FromSeconds(20)).Message;
    long time = read.Timestamp.UnixTimestampMs;
    Console.WriteLine($"{read.Value}: {(time > 1_700_000_000_000 ? "the time of sending" : time)}");
}

static Message<Null, string> Record(string value, long time) => new() { Value = value, Timestamp = new Timestamp(time, TimestampType.CreateTime) };
CS
cat >"$work/send.js" <<'JS'
const { Kafka, Partitioners, logLevel } = require('kafkajs')
const { spawn } = require('child_process')
const { createInterface } = require('readline')

async function main() {
  const mock = spawn('dotnet', [process.argv[2]], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: mock.stdout })
  const brokers = (await new Promise(line => lines.once('line', line))).split(',')
  lines.on('line', line => console.log(line))
  const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const times = [0, '0', 1]
  for (const timestamp of times) {
    await producer.send({ topic: 'topic', messages: [{ partition: 0, value: `kafkajs, ${JSON.stringify(timestamp)}`, timestamp }] })
  }
  await producer.disconnect()
  mock.stdin.end(`${times.length}\n`)
  await new Promise(done => mock.on('close', done))
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
npm install --prefix "$work" kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
out=$(timeout 120 node "$work/send.js" "$app")
echo "$out"
expect 'Confluent.Kafka replaces 0' '^Confluent.Kafka, 0: the time of sending$' "$out"
expect 'it keeps 1' '^Confluent.Kafka, 1: 1$' "$out"
expect 'and -1' '^Confluent.Kafka, -1: -1$' "$out"
expect 'kafkajs replaces the number 0' '^kafkajs, 0: the time of sending$' "$out"
expect 'it keeps the string 0' '^kafkajs, "0": 0$' "$out"
expect 'and 1' '^kafkajs, 1: 1$' "$out"
