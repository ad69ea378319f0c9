#!/usr/bin/env bash
# WolverineFx.Kafka 6.62.0 on librdkafka 2.16.0's mock cluster: a record with a null value, which is how a compacted topic says "deleted", reaches no handler and, with the
# native dead letter queue on, no dead letter topic either: the move fails for want of a body, is logged, and the offset is committed all the same. A record
# whose handler throws is moved as promised. So what follows a compacted topic misses every deletion, and the topic that is watched for losses is empty.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
source "$(dirname "$0")/lib/wolverine.sh"
wolverine_app
out=$(timeout 240 dotnet "$app" 2>/dev/null)
echo "$out"
expect 'the handler sees the three records with a value' '^handled: 0, 2, 3$' "$out"
expect 'all four are committed' '^committed: 4 of 4$' "$out"
expect 'the record whose handler threw is a dead letter' '^dead letter: \{"Number":2\}, ' "$out"
expect 'it is the only one' '^1$' "$(grep -c '^dead letter' <<<"$out")"
