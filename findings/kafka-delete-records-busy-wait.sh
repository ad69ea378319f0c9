#!/usr/bin/env bash
# Apache Kafka 4.3.1: the Java admin client asks for a partition that is not there without a pause. kafka-delete-records with a topic that is missing, or misspelt, sends requests
# for metadata as fast as the broker answers until default.api.timeout.ms, a minute, is over: hundreds to thousands a second, where retry.backoff.ms speaks of a handful. A
# backoff of two seconds changes nothing; the error even names it, as the time of the next try. What comes in the end is a TimeoutException, not UNKNOWN_TOPIC_OR_PARTITION, with
# the number of tries in it.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/kafka.sh"
start_kafka
echo '{"version":1,"partitions":[{"topic":"missing","partition":0,"offset":1}]}' >"$work/records.json"
# Of the minute, four seconds are enough here.
printf '%s\n' default.api.timeout.ms=4000 request.timeout.ms=4000 retry.backoff.ms=2000 retry.backoff.max.ms=2000 >"$work/client.properties"
code=0
out=$(kafka_tool delete-records --command-config "$work/client.properties" --offset-json-file "$work/records.json" 2>&1) || code=$?
out+="
exit code $code"
echo "$out"
tries=$(sed -n 's/.*timed out at [0-9]* after \([0-9]*\) attempt.*/\1/p' <<<"$out")
echo "tries in four seconds: ${tries:-none}; with a pause of two seconds: 3 at most"
expect 'the error is a timeout' '^partition: missing-0.*TimeoutException: ' "$out"
expect 'the exit code is 0' '^exit code 0$' "$out"
expect 'after hundreds of tries' '^[0-9]{3,}$' "$tries"
