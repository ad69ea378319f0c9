#!/usr/bin/env bash
# Apache.Avro 1.12.2 for .NET: the logical type local-timestamp-millis, which stands for a reading of a wall clock in whatever zone, is converted with the zone of the
# process. Twelve o'clock (Kind Unspecified, which is how .NET says "no zone") is written as 03:00 where TZ is Asia/Tokyo, and what Tokyo wrote a
# process in UTC reads as 03:00. The bytes of another implementation for 12:00 read as 21:00 in Tokyo. In one zone, as on a test machine in UTC, all is right.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
[[ -e /usr/share/zoneinfo/Asia/Tokyo ]] || { echo "no time zones: install Debian's package tzdata" >&2; exit 2; }
dotnet_app 'Apache.Avro 1.12.2' <<'CS'
using Avro;
using Avro.Generic;
using Avro.IO;

Schema clock = Schema.Parse("""{"type":"long","logicalType":"local-timestamp-millis"}""");
Schema number = Schema.Parse("\"long\"");
DateTime noon = new(2024, 7, 1, 12, 0, 0, DateTimeKind.Unspecified);
if (args is ["write"])
{
    Console.WriteLine(Read<long>(number, Write(clock, noon)));
}
else
{
    Console.WriteLine(Read<DateTime>(clock, Write(number, long.Parse(args[1]))).ToString("HH:mm"));
}

static byte[] Write(Schema schema, object value)
{
    MemoryStream bytes = new();
    new GenericDatumWriter<object>(schema).Write(value, new BinaryEncoder(bytes));
    return bytes.ToArray();
}

static T Read<T>(Schema schema, byte[] bytes) => (T)new GenericDatumReader<object>(schema, schema).Read(null!, new BinaryDecoder(new MemoryStream(bytes)));
CS
utc=$(TZ=UTC dotnet "$app" write)
tokyo=$(TZ=Asia/Tokyo dotnet "$app" write)
out="12:00 written in UTC: $utc, $(TZ=UTC date -d "@$((utc / 1000))" +%H:%M)
12:00 written in Tokyo: $tokyo, $(TZ=UTC date -d "@$((tokyo / 1000))" +%H:%M)
what Tokyo wrote, read in UTC: $(TZ=UTC dotnet "$app" read "$tokyo")
what UTC wrote, read in Tokyo: $(TZ=Asia/Tokyo dotnet "$app" read "$utc")"
echo "$out"
expect 'in UTC noon is written as noon' '^12:00 written in UTC: 1719835200000, 12:00$' "$out"
expect 'in Tokyo it is written as 03:00' '^12:00 written in Tokyo: 1719802800000, 03:00$' "$out"
expect 'which is what others read' '^what Tokyo wrote, read in UTC: 03:00$' "$out"
expect 'and noon of others is read as 21:00' '^what UTC wrote, read in Tokyo: 21:00$' "$out"
