#!/usr/bin/env bash
# @nestjs/microservices 12.1.1 over kafkajs 2.2.4 and librdkafka 2.16.0's mock cluster: an event whose payload happens to have a property "value" or "key" is taken for a Kafka
# message of its own. Of { sku: 'pen', value: 250, currency: 'EUR' } the record is the text "250": sku and currency are gone. Of { key: 'theme', setting: 'dark' } it is a
# tombstone for the key "theme", which deletes on a compacted topic. emit() resolves, and any other payload arrives whole: { sku: 'pen', amount: 250, currency: 'EUR' } does.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/nestjs.sh"
nestjs_app <<'JS'
const payloads = [{ sku: 'pen', amount: 250, currency: 'EUR' }, { sku: 'pen', value: 250, currency: 'EUR' }, { key: 'theme', setting: 'dark' }]
for (const payload of payloads) await emit(payload)
const text = bytes => bytes === null ? 'null' : bytes.toString()
for (const { key, value } of await records(3)) console.log(`record: key ${text(key ?? null)}, value ${text(value)}`)
JS
out=$(timeout 120 node "$work/nest.mjs" "$app")
echo "$out"
expect 'a payload without these names arrives whole' '^record: key null, value \{"sku":"pen","amount":250,"currency":"EUR"\}$' "$out"
expect 'of one with "value" only that arrives' '^record: key null, value 250$' "$out"
expect 'one with "key" becomes a tombstone' '^record: key theme, value null$' "$out"
