#!/usr/bin/env bash
# kafkajs 2.2.4 with Apache Kafka 4.3.1: admin.alterConfigs, "update the configuration for the specified resources", replaces the configuration. Raising max.message.bytes of a compacted
# topic takes its cleanup.policy=compact and its retention away: the broker's defaults hold from then on, and the topic's older records, each the last of its key, are deleted after a
# week. The client has no other method: it sends AlterConfigs, which Kafka replaced by IncrementalAlterConfigs, where one setting leaves the others alone. kafka-configs uses that, so
# that the same change made with the two tools has two results.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
[[ -e ${RAFTLOG_PEERS:-}/kafka/libs/kafka-clients-4.3.1.jar ]] || { echo "RAFTLOG_PEERS does not name a folder with Apache Kafka 4.3.1 in kafka/" >&2; exit 2; }
for tool in npm java; do
  command -v "$tool" >/dev/null || { echo "no $tool on PATH: install Node.js and a JRE (Debian's openjdk-17-jre-headless)" >&2; exit 2; }
done
kafka=$RAFTLOG_PEERS/kafka/kafka
work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap '"$kafka" down "$work/kafka"; rm -rf "$work"' EXIT
npm install --prefix "$work" kafkajs@2.2.4 --no-audit --no-fund --loglevel=error >/dev/null
port=$((21000 + RANDOM % 10000))
"$kafka" up "$work/kafka" --port "$port" >/dev/null
tool() { "$kafka" tool "$1" --bootstrap-server "127.0.0.1:$port" "${@:2}"; }
tool topics --create --topic prices --config cleanup.policy=compact --config retention.ms=-1 >/dev/null
cat >"$work/alter.js" <<'JS'
const { ConfigResourceTypes: { TOPIC: type }, Kafka, logLevel } = require('kafkajs')

async function main() {
  const admin = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  await admin.alterConfigs({ validateOnly: false, resources: [{ type, name: 'prices', configEntries: [{ name: 'max.message.bytes', value: '3000000' }] }] })
  await admin.disconnect()
}

main().catch(e => { console.error(e); process.exit(1) })
JS
settings() { tool configs --describe --all --entity-type topics --entity-name prices | grep -oE '^ *(cleanup.policy|max.message.bytes|retention.ms)=\S+' | sort | xargs; }
tool configs --alter --entity-type topics --entity-name prices --add-config max.message.bytes=2000000 >/dev/null
out="kafka-configs: $(settings)"
timeout 60 node "$work/alter.js" "127.0.0.1:$port"
out+="
kafkajs: $(settings)"
echo "$out"
expect 'kafka-configs changes one setting' '^kafka-configs: cleanup\.policy=compact max\.message\.bytes=2000000 retention\.ms=-1$' "$out"
expect 'kafkajs resets the others' '^kafkajs: cleanup\.policy=delete max\.message\.bytes=3000000 retention\.ms=604800000$' "$out"
