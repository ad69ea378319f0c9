#!/usr/bin/env bash
# kafkajs 2.2.4 against librdkafka 2.16.0's mock cluster: one send() covers two partitions with two leaders, and one leader has moved to the broker of the other
# partition. The broker that lost it answers NOT_LEADER_OR_FOLLOWER, kafkajs takes new metadata and tries again, but asks no broker twice that has answered
# in this send: the moved partition's records are never sent. send() resolves all the same, with acks=-1, and names one partition of the two.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-native.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
native_mock_app <<'CS'
while (Console.ReadLine() is { } line)
{
    Console.WriteLine(line == "move" ? Native.rd_kafka_mock_partition_set_leader(cluster, "orders", 1, 1) : -1);
}
CS
cat >"$work/send.js" <<'JS'
const { Kafka, Partitioners, logLevel } = require('kafkajs')
const { spawn } = require('child_process')
const { createInterface } = require('readline')

async function main() {
  const mock = spawn('dotnet', [process.argv[2]], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: mock.stdout })[Symbol.asyncIterator]()
  const brokers = (await lines.next()).value.split(',')
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner, retry: { initialRetryTime: 200 } })
  const admin = kafka.admin()
  await producer.connect()
  await admin.connect()
  const send = name => producer.send({
    topic: 'orders', acks: -1, messages: [{ partition: 0, value: `${name}-0` }, { partition: 1, value: `${name}-1` }],
  })
  await send('first')
  mock.stdin.write('move\n')
  await lines.next()
  const result = await send('second')
  console.log(`second send resolved for partitions ${result.map(each => each.partition).join(',')}`)
  for (const { partition, high } of (await admin.fetchTopicOffsets('orders')).sort((a, b) => a.partition - b.partition)) {
    console.log(`partition ${partition} holds ${high} records`)
  }
  await producer.disconnect()
  await admin.disconnect()
  mock.stdin.end()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
npm install --prefix "$work" kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
out=$(timeout 120 node "$work/send.js" "$app")
echo "$out"
expect 'the second send resolves, and names one partition of two' '^second send resolved for partitions 0$' "$out"
expect 'the other partition has both records' '^partition 0 holds 2 records$' "$out"
expect 'the moved partition has only the first record' '^partition 1 holds 1 records$' "$out"
