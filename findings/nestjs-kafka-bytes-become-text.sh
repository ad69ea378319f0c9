#!/usr/bin/env bash
# @nestjs/microservices 12.1.1 over kafkajs 2.2.4 and librdkafka 2.16.0's mock cluster: the bytes 08 96 01 as a Uint8Array, which is what @bufbuild/protobuf, TextEncoder and the Web's
# streams return, are sent as the text "8,150,1", as payload and as the "value" beside a key. emit() resolves, and no consumer can decode the record. The same bytes as a
# Buffer, a subclass of Uint8Array, are sent as they are. A Date is likewise sent as the text of toString, without its milliseconds, and a Map as "{}".
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/nestjs.sh"
nestjs_app <<'JS'
const bytes = Uint8Array.of(0x08, 0x96, 0x01)
const values = { buffer: Buffer.from(bytes), array: bytes, date: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)), map: new Map([['pen', 250]]) }
await emit(bytes)
for (const [key, value] of Object.entries(values)) await emit({ key, value })
for (const { key, value } of await records(5)) console.log(`${key ?? 'without a key'}: ${value.length} bytes: ${value[0] < 32 ? value.toString('hex') : value}`)
JS
out=$(TZ=UTC timeout 120 node "$work/nest.mjs" "$app")
echo "$out"
expect 'a Buffer is sent as it is' '^buffer: 3 bytes: 089601$' "$out"
expect 'a Uint8Array as text' '^without a key: 7 bytes: 8,150,1$' "$out"
expect 'with a key too' '^array: 7 bytes: 8,150,1$' "$out"
expect 'a Date loses its milliseconds' '^date: [0-9]+ bytes: Fri Jan 02 2026 03:04:05 GMT' "$out"
expect 'a Map loses all' '^map: 2 bytes: \{\}$' "$out"
