#!/usr/bin/env bash
# kafkajs 2.2.4 with Apache Kafka 4.3.1: admin.alterConfigs, "update the configuration for the specified resources", replaces the configuration. Raising max.message.bytes of a compacted
# topic takes its cleanup.policy=compact and its retention away: the broker's defaults hold from then on, and the topic's older records, each the last of its key, are deleted after a
# week. The client has no other method: it sends AlterConfigs, which Kafka replaced by IncrementalAlterConfigs, where one setting leaves the others alone. kafka-configs uses that, so
# that the same change made with the two tools has two results.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/kafka.sh"
start_kafka kafkajs@2.2.4
kafka_tool topics --create --topic prices --config cleanup.policy=compact --config retention.ms=-1 >/dev/null
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
settings() { kafka_tool configs --describe --all --entity-type topics --entity-name prices | grep -oE '^ *(cleanup.policy|max.message.bytes|retention.ms)=\S+' | sort | xargs; }
kafka_tool configs --alter --entity-type topics --entity-name prices --add-config max.message.bytes=2000000 >/dev/null
out="kafka-configs: $(settings)"
timeout 60 node "$work/alter.js" "$bootstrap"
out+="
kafkajs: $(settings)"
echo "$out"
expect 'kafka-configs changes one setting' '^kafka-configs: cleanup\.policy=compact max\.message\.bytes=2000000 retention\.ms=-1$' "$out"
expect 'kafkajs resets the others' '^kafkajs: cleanup\.policy=delete max\.message\.bytes=3000000 retention\.ms=604800000$' "$out"
