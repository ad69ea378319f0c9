#!/usr/bin/env bash
# kafkajs 2.2.4 on librdkafka 2.16.0's mock cluster: a message for a partition that the topic lacks is dropped, and send resolves as if all were stored: no error, no log
# line; of the answer only its entry is missing. It happens with "partition" set by hand (a topic made anew with fewer partitions) as with a partitioner whose
# number is negative, which "hash % partitions" gives in JavaScript for many keys: all their records are lost. The Java client and librdkafka refuse both.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
mock_app <<'CS'
admin.GetMetadata("orders", TimeSpan.FromSeconds(10));
Console.WriteLine(servers);
Console.ReadLine();
CS
cat >"$work/send.js" <<'JS'
const { Kafka, Partitioners, logLevel } = require('kafkajs')
const { spawn } = require('child_process')
const { createInterface } = require('readline')

async function main() {
  const mock = spawn('dotnet', [process.argv[2]], { stdio: ['pipe', 'pipe', 'inherit'] })
  const brokers = (await createInterface({ input: mock.stdout })[Symbol.asyncIterator]().next()).value.split(',')
  let logged = 0
  const kafka = new Kafka({ brokers, logLevel: logLevel.INFO, logCreator: () => ({ log }) => { logged += log.message.includes('partition') ? 1 : 0 } })
  const admin = kafka.admin()
  await admin.connect()
  const stored = async () => (await admin.fetchTopicOffsets('orders')).reduce((sum, { high }) => sum + Number(high), 0)
  const producer = async createPartitioner => {
    const made = kafka.producer({ createPartitioner })
    await made.connect()
    return made
  }

  const byHand = await producer(Partitioners.DefaultPartitioner)
  const answer = await byHand.send({ topic: 'orders', acks: -1, messages: [{ partition: 9, value: 'v' }] })
  console.log(`partition 9 of 4: resolved with ${JSON.stringify(answer)}, ${await stored()} stored`)

  const hash = key => [...key.toString()].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0) | 0, 0)
  const hashing = await producer(() => ({ message, partitionMetadata }) => hash(message.key) % partitionMetadata.length)
  const messages = Array.from({ length: 1000 }, (_, i) => ({ key: `customer-${i}`, value: 'v' }))
  const negative = messages.filter(({ key }) => hash(key) % 4 < 0).length
  const errors = (await hashing.send({ topic: 'orders', acks: -1, messages })).filter(each => each.errorCode !== 0).length
  const kept = await stored()
  console.log(`a partitioner that is negative for ${negative > 0 ? 'some' : 'none'}: resolved with ${errors} errors`)
  console.log(`lost: ${1000 - kept} of 1000, the negative ones: ${1000 - kept === negative}`)
  console.log(`words about partitions in the log: ${logged}`)
  mock.stdin.end()
}

main().then(() => process.exit(0), e => { console.error(e); process.exit(1) })
JS
npm install --prefix "$work" kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
out=$(timeout 120 node "$work/send.js" "$app")
echo "$out"
expect 'a message for an unknown partition is gone, and send resolves' '^partition 9 of 4: resolved with \[\], 0 stored$' "$out"
expect 'send resolves where some are lost' '^a partitioner that is negative for some: resolved with 0 errors$' "$out"
expect 'the ones with a negative partition are' '^lost: [1-9][0-9]+ of 1000, the negative ones: true$' "$out"
expect 'nothing is logged' '^words about partitions in the log: 0$' "$out"
