#!/usr/bin/env bash
# kcat 1.7.1 (Debian 12) on librdkafka 2.16.0's mock cluster: a producer's empty line is no message. It is skipped without a word or an exit code, also with -Z, whose
# description promises NULL messages for empty ones; -Z acts only where a key comes before. So `kcat -C | kcat -P -Z`, the usual copy of a topic, loses every
# message without a value that has no key, and with it the count and the offsets. With -K a line that is the separator alone is sent.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
source "$(dirname "$0")/lib/librdkafka-mock.sh"
[[ $(kcat -V 2>/dev/null) == *'Version 1.7.1'* ]] || { echo "install Debian 12's package kcat (1.7.1-2) first" >&2; exit 2; }
mock_app 1 <<'CS'
foreach (string? value in new[] { "a", "", null, "b" })
{
    await host.ProduceAsync(new TopicPartition("from", 0), new Message<Null, string> { Value = value! });
}

admin.GetMetadata("to", TimeSpan.FromSeconds(10));
admin.GetMetadata("keyed", TimeSpan.FromSeconds(10));
Console.WriteLine(servers);
Console.ReadLine();
CS
coproc MOCK { dotnet "$app"; }
read -r brokers <&"${MOCK[0]}"
read_all() { kcat -b "$brokers" -C -t "$1" -p 0 -o beginning -e -q -f "$1 %o: key %K, value %S\n"; }
kcat -b "$brokers" -C -t from -p 0 -o beginning -e -q | kcat -b "$brokers" -P -t to -p 0 -Z
printf 'k:a\n\nk:\n:\n' | kcat -b "$brokers" -P -t keyed -p 0 -K : -Z
out=$(read_all from; read_all to; read_all keyed)
echo >&"${MOCK[1]}"
echo "$out"
count() { grep -c "^$1 " <<<"$out"; }
expect 'the topic has four messages' '^4$' "$(count from)"
expect 'its copy has two' '^2$' "$(count to)"
expect 'which are those with a value' '^to 1: key -1, value 1$' "$out"
expect 'with a key, -Z sends the null' '^keyed 1: key 1, value -1$' "$out"
expect 'the separator alone is a message too' '^keyed 2: ' "$out"
expect 'the empty line is not' '^3$' "$(count keyed)"
