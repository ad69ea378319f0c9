#!/usr/bin/env bash
# Apache Kafka 4.3.1: kafka-consumer-groups and kafka-delete-records print an error and exit with 0. A reset of a topic that is not there, the deletion or description of a group
# that is not there and a deletion of records beyond the end have done nothing, and a script with "set -e", or "&&", goes on as if they had: it starts the consumers that were to
# read everything anew. kafka-topics and kafka-get-offsets exit with 1 in the like case, kafka-configs with 0 when the topic it describes is not there. So the output has to be
# searched for the error.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
[[ -e ${RAFTLOG_PEERS:-}/kafka/libs/kafka-clients-4.3.1.jar ]] || { echo "RAFTLOG_PEERS does not name a folder with Apache Kafka 4.3.1 in kafka/" >&2; exit 2; }
command -v java >/dev/null || { echo "no java on PATH: install a JRE (Debian's openjdk-17-jre-headless)" >&2; exit 2; }
kafka=$RAFTLOG_PEERS/kafka/kafka
work=$(mktemp -d "${TMPDIR:-/tmp}/finding.XXXXXX")
trap '"$kafka" down "$work/kafka"; rm -rf "$work"' EXIT
port=$((21000 + RANDOM % 10000))
"$kafka" up "$work/kafka" --port "$port" >/dev/null
tool() { "$kafka" tool "$1" --bootstrap-server "127.0.0.1:$port" "${@:2}" 2>&1; }
run() {
  local what=$1 output code=0
  output=$(tool "${@:2}") || code=$?
  echo "$what: exit code $code, $(grep -m1 -iE 'error|exist|NEW-OFFSET' <<<"$output" || true)"
}
tool topics --create --topic orders >/dev/null
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
