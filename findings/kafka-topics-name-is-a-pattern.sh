#!/usr/bin/env bash
# Apache Kafka 4.3.1: kafka-topics --delete --topic orders.v1 deletes orders-v1 as well. The name that --create takes as it stands is a regular expression for --delete, in which
# a period, the usual separator in topic names, stands for any character. Nothing is asked, nothing is printed, the exit code is 0. kafka-get-offsets reads its --topic in the
# same way. 'orders\.v1' deletes one topic. The help has half a line on it; a script that deletes by name what it created looks right.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/kafka.sh"
start_kafka
topics() { kafka_tool topics "$@" 2>&1; }
for topic in orders.v1 orders-v1 ordersXv1 orders.v10; do topics --create --topic "$topic" >/dev/null; done
list() { topics --list | grep -v '^__' | sort | tr '\n' ' '; }
out="before: $(list)
offsets: $(kafka_tool get-offsets --topic orders.v1 | sort | tr '\n' ' ')"
deleted=$(topics --delete --topic orders.v1) && code=0 || code=$?
out+="
delete: exit code $code, output \"$deleted\"
after: $(list)"
topics --create --topic orders.v1 >/dev/null
topics --create --topic orders-v1 >/dev/null
topics --delete --topic 'orders\.v1'
out+="
after an escaped delete: $(list)"
echo "$out"
expect 'four topics' '^before: orders-v1 orders\.v1 orders\.v10 ordersXv1 $' "$out"
expect 'the offsets of one name are those of three topics' '^offsets: orders-v1:0:0 orders\.v1:0:0 ordersXv1:0:0 $' "$out"
expect 'the deletion says nothing' '^delete: exit code 0, output ""$' "$out"
expect 'and takes three topics' '^after: orders\.v10 $' "$out"
expect 'with a backslash it takes one' '^after an escaped delete: orders-v1 orders\.v10 $' "$out"
