#!/usr/bin/env bash
# Apache.Avro 1.12.2 for .NET: two decimals of different scale are taken for one type. An amount of 1.25, written with scale 2, is read as 0.125 with a reader's schema of scale 3, without an
# error, and CanRead says that the schemas fit. In Avro's rules decimals match only if precision and scale do. In the same way a timestamp in milliseconds is read as one in
# microseconds: 7 seconds become 7 milliseconds. The writer's schema is at hand each time.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'Apache.Avro 1.12.2' <<'CS'
using Avro;
using Avro.Generic;
using Avro.IO;

string two = """{"type":"bytes","logicalType":"decimal","precision":8,"scale":2}""";
string three = """{"type":"bytes","logicalType":"decimal","precision":8,"scale":3}""";
Show("decimal", two, two, new AvroDecimal(1.25m), value => value);
Show("decimal of scale 3", two, three, new AvroDecimal(1.25m), value => value);
string millis = """{"type":"long","logicalType":"timestamp-millis"}""";
string micros = """{"type":"long","logicalType":"timestamp-micros"}""";
Show("milliseconds", millis, millis, DateTime.UnixEpoch.AddSeconds(7), value => ((DateTime)value - DateTime.UnixEpoch).TotalMilliseconds);
Show("microseconds", millis, micros, DateTime.UnixEpoch.AddSeconds(7), value => ((DateTime)value - DateTime.UnixEpoch).TotalMilliseconds);

static void Show(string name, string writer, string reader, object value, Func<object, object> print)
{
    Schema written = Schema.Parse(writer);
    Schema read = Schema.Parse(reader);
    MemoryStream bytes = new();
    new GenericDatumWriter<object>(written).Write(value, new BinaryEncoder(bytes));
    bytes.Position = 0;
    object result = new GenericDatumReader<object>(written, read).Read(null!, new BinaryDecoder(bytes));
    Console.WriteLine(FormattableString.Invariant($"{name}: {print(value)} read as {print(result)}, CanRead: {read.CanRead(written)}"));
}
CS
out=$(DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 dotnet "$app")
echo "$out"
expect 'with the same scale the amount is kept' '^decimal: 1.25 read as 1.25, CanRead: True$' "$out"
expect 'with another one it is another amount' '^decimal of scale 3: 1.25 read as 0.125, CanRead: True$' "$out"
expect 'a time is kept' '^milliseconds: 7000 read as 7000, CanRead: True$' "$out"
expect 'as microseconds it is another time' '^microseconds: 7000 read as 7, CanRead: True$' "$out"
