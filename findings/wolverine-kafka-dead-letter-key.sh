#!/usr/bin/env bash
# WolverineFx.Kafka 6.62.0 on librdkafka 2.16.0's mock cluster: a message that the native dead letter queue takes over has the id of the consumer group as its key, in place of its
# own, and none of its headers. So all dead letters of a group go to one partition, and put back into their topic they go to the wrong partition, out of
# order with the rest of their key. The exception's details, which the method's documentation promises in the record's headers, are not there either where
# the listener receives raw JSON.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/wolverine.sh"
wolverine_app
out=$(timeout 240 dotnet "$app" 2>/dev/null)
echo "$out"
expect "the dead letter's key is the group's id, not customer-7" '^dead letter: \{"Number":2\}, key order-readers, ' "$out"
expect 'and it has no headers, neither its own nor of the exception' '^dead letter: .*, headers: $' "$out"
