#!/usr/bin/env bash
# cloudevents 10.0.0 (npm): "time" is optional in CloudEvents, and CloudNative.CloudEvents 2.9.0 for .NET writes none unless it is set. Of such an event in a Kafka record in structured
# mode, Kafka.toEvent throws "RangeError: Invalid time value"; in binary mode and in a batch it gives the event the time of the reading, another one at each replay, with
# nothing to tell it from a time that was sent. HTTP.toEvent of the same package reads the same JSON (and makes up a time too).
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
dotnet_app 'CloudNative.CloudEvents 2.9.0;CloudNative.CloudEvents.SystemTextJson 2.9.0' <<'CS'
using System.Text;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.SystemTextJson;

CloudEvent made = new()
{
    Id = "1",
    Type = "sold",
    Source = new Uri("/shop", UriKind.Relative),
    DataContentType = "application/json",
    Data = new Dictionary<string, int> { ["total"] = 5 },
};
JsonEventFormatter formatter = new();
Console.WriteLine(Encoding.UTF8.GetString(formatter.EncodeStructuredModeMessage(made, out _).Span));
Console.WriteLine(Encoding.UTF8.GetString(formatter.EncodeBatchModeMessage([made], out _).Span));
CS
npm install --prefix "$work" cloudevents@10.0.0 --no-audit --no-fund --loglevel=error >/dev/null
cat >"$work/read.js" <<'JS'
const { HTTP, Kafka } = require('cloudevents')

const [structured, batch] = process.argv.slice(2)
const json = { 'content-type': 'application/cloudevents+json; charset=utf-8' }
const began = Date.now()
function show(name, read) {
  try {
    const [event] = [read()].flat()
    console.log(`${name}: total ${event.data.total}, ${Date.parse(event.time) >= began ? 'the time of reading' : event.time}`)
  } catch (e) {
    console.log(`${name}: ${e.name}: ${e.message}`)
  }
}

show('Kafka, structured', () => Kafka.toEvent({ key: null, value: structured, headers: json }))
show('Kafka, structured, with a time', () =>
  Kafka.toEvent({ key: null, value: JSON.stringify({ ...JSON.parse(structured), time: '2026-01-02T03:04:05Z' }), headers: json }))
show('Kafka, batch', () => Kafka.toEvent({ key: null, value: batch, headers: { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' } }))
show('Kafka, binary', () => Kafka.toEvent({ key: null, value: '{"total":5}',
  headers: { 'content-type': 'application/json', ce_id: '1', ce_source: '/shop', ce_type: 'sold', ce_specversion: '1.0' } }))
show('HTTP, structured', () => HTTP.toEvent({ headers: json, body: structured }))
JS
written=$(dotnet "$app")
out="written by .NET: $written"$'\n'$(mapfile -t lines <<<"$written"; node "$work/read.js" "${lines[@]}")
echo "$out"
expect '.NET writes no time' '^0$' "$(grep -c '"time"' <<<"$written" || true)"
expect 'the Kafka binding throws at it' '^Kafka, structured: RangeError: Invalid time value$' "$out"
expect 'with a time it does not' '^Kafka, structured, with a time: total 5, 2026-01-02T03:04:05.000Z$' "$out"
expect 'in a batch the time of reading is put in' '^Kafka, batch: total 5, the time of reading$' "$out"
expect 'as in binary mode' '^Kafka, binary: total 5, the time of reading$' "$out"
expect "the package's HTTP binding reads it" '^HTTP, structured: total 5, the time of reading$' "$out"
