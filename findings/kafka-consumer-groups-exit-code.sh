#!/usr/bin/env bash
# Apache Kafka 4.3.1: kafka-consumer-groups and kafka-delete-records print an error and exit with 0. A reset of a topic that is not there, the deletion or description of a group
# that is not there and a deletion of records beyond the end have done nothing, and a script with "set -e", or "&&", goes on as if they had: it starts the consumers that were to
# read everything anew. kafka-topics and kafka-get-offsets exit with 1 in the like case, kafka-configs with 0 when the topic it describes is not there. So the output has to be
# searched for the error.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/kafka.sh"
start_kafka
run() {
  local what=$1 output code=0
  output=$(kafka_tool "${@:2}" 2>&1) || code=$?
  echo "$what: exit code $code, $(grep -m1 -iE 'error|exist|NEW-OFFSET' <<<"$output" || true)"
}
kafka_tool topics --create --topic orders >/dev/null
echo '{"version":1,"partitions":[{"topic":"orders","partition":0,"offset":99}]}' >"$work/records.json"
out=$(
  run 'reset of a missing topic' consumer-groups --reset-offsets --group billing --topic missing --to-earliest --execute
  run 'deletion of a missing group' consumer-groups --delete --group missing
  run 'description of a missing group' consumer-groups --describe --group missing
  run 'deletion of records beyond the end' delete-records --offset-json-file "$work/records.json"
  run 'configuration of a missing topic' configs --describe --entity-type topics --entity-name missing
  run 'offsets of a missing topic' get-offsets --topic missing
  run 'deletion of a missing topic' topics --delete --topic missing
)
echo "$out"
expect 'a reset' '^reset of a missing topic: exit code 0, Error: ' "$out"
expect 'a deletion of a group' '^deletion of a missing group: exit code 0, Error: ' "$out"
expect 'a description' '^description of a missing group: exit code 0, Error: ' "$out"
expect 'a deletion of records' '^deletion of records beyond the end: exit code 0, .*(ERROR|error)' "$out"
expect 'a configuration' "^configuration of a missing topic: exit code 0, .*doesn't exist" "$out"
expect 'another tool has an exit code' '^offsets of a missing topic: exit code 1, Error' "$out"
expect 'and a third' '^deletion of a missing topic: exit code 1, Error' "$out"
