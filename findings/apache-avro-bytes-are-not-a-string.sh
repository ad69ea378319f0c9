#!/usr/bin/env bash
# Apache.Avro 1.12.2 for .NET: two of Avro's promotions are missing. A reader's string for the writer's bytes, and the other way round, are allowed by Avro's rules of schema
# resolution; here CanRead says no and reading throws "Schema mismatch". The promotions of numbers work. npm's avsc 5.7.9 has all of them.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
command -v npm >/dev/null || { echo "no npm on PATH: install Node.js" >&2; exit 2; }
dotnet_app 'Apache.Avro 1.12.2' <<'CS'
using System.Text;
using Avro;
using Avro.Generic;
using Avro.IO;

Show("bytes", "string", Encoding.UTF8.GetBytes("AB"));
Show("string", "bytes", "AB");
Show("int", "double", 5);

static void Show(string writer, string reader, object value)
{
    Schema written = Schema.Parse($"\"{writer}\"");
    Schema read = Schema.Parse($"\"{reader}\"");
    MemoryStream bytes = new();
    new GenericDatumWriter<object>(written).Write(value, new BinaryEncoder(bytes));
    string result;
    try
    {
        result = $"read, {new GenericDatumReader<object>(written, read).Read(null!, new BinaryDecoder(new MemoryStream(bytes.ToArray())))}";
    }
    catch (AvroException e)
    {
        result = e.Message;
    }

    Console.WriteLine($"Apache.Avro, {writer} as {reader}: {Convert.ToHexString(bytes.ToArray())}, CanRead: {read.CanRead(written)}, {result}");
}
CS
npm install --prefix "$work" avsc@5.7.9 --no-audit --no-fund --loglevel=error >/dev/null
out=$(dotnet "$app")
out+=$'\n'$(node -e 'const { Type } = require(process.argv[1] + "/avsc")
for (const [writer, reader, value] of [["bytes", "string", Buffer.from("AB")], ["string", "bytes", "AB"]]) {
  const [from, to] = [writer, reader].map(name => Type.forSchema(name))
  console.log(`avsc, ${writer} as ${reader}: ${to.fromBuffer(from.toBuffer(value), to.createResolver(from))}`)
}' "$work/node_modules")
echo "$out"
expect 'bytes are not read as a string' '^Apache.Avro, bytes as string: 044142, CanRead: False, Schema mismatch' "$out"
expect 'nor a string as bytes' '^Apache.Avro, string as bytes: 044142, CanRead: False, Schema mismatch' "$out"
expect 'an int is read as a double' '^Apache.Avro, int as double: 0A, CanRead: True, read, 5$' "$out"
expect 'avsc reads the bytes' '^avsc, bytes as string: AB$' "$out"
expect 'and the string' '^avsc, string as bytes: AB$' "$out"
