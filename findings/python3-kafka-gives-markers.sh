#!/usr/bin/env bash
# python3-kafka 2.0.2 of Debian 12, on librdkafka 2.16.0's mock cluster: the markers that end transactions are given to the program as records. A topic that any producer
# writes with transactions holds one after each, hidden by every other client: here they come with a key of four bytes (00 00 00 01 for a commit) and a value of six,
# between the records, and nothing in the record tells that it is none. Records of aborted transactions come too, as the package has no isolation level.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/broker.sh"
for tool in node /usr/bin/python3; do
  command -v "$tool" >/dev/null || { echo "no $tool: install Node.js and Debian's python3" >&2; exit 2; }
done
listener_app
(cd "$work" && apt-get -qq download python3-kafka=2.0.2-3 2>/dev/null && dpkg-deb -x python3-kafka_*.deb python) ||
  { echo "cannot download Debian 12's python3-kafka 2.0.2-3: run apt-get update first" >&2; exit 2; }
cat >"$work/produce.js" <<'JS'
const { batch, control, marker, produce, startMock, transactional } = require('./broker.js')
const { spawnSync } = require('child_process')

async function main() {
  const [program, python, script] = process.argv.slice(2)
  const mock = await startMock(program, ['orders'])
  for (const [value, ends] of [['committed', 'commit'], ['aborted', 'abort']]) {
    await produce(mock.address, 'orders', batch([{ key: 'k', value }], { attributes: transactional, producerId: 1 }))
    await produce(mock.address, 'orders', batch([marker(ends)], { attributes: transactional | control, producerId: 1 }))
  }
  const { status } = spawnSync('/usr/bin/python3', [script, mock.address], { env: { ...process.env, PYTHONPATH: python }, stdio: 'inherit' })
  mock.stop()
  process.exit(status)
}

main().catch(e => { console.error(e); process.exit(1) })
JS
cat >"$work/read.py" <<'PY'
import sys
from kafka import KafkaConsumer, TopicPartition, __version__

orders = TopicPartition("orders", 0)
consumer = KafkaConsumer(bootstrap_servers=sys.argv[1], group_id=None, consumer_timeout_ms=3000)
consumer.assign([orders])
consumer.seek(orders, 0)
print("version", __version__)
for record in consumer:
    print(record.offset, record.key.hex(), record.value)
PY
out=$(timeout 120 node "$work/produce.js" "$app" "$work/python/usr/lib/python3/dist-packages" "$work/read.py")
echo "$out"
expect 'this is the version' '^version 2\.0\.2$' "$out"
expect 'a record of a transaction' "^0 6b b'committed'\$" "$out"
expect 'and its marker, as a record' '^1 00000001 b' "$out"
expect 'the marker of an abort' '^3 00000000 b' "$out"
