#!/usr/bin/env bash
# protobuf-net 3.4.40 against Google.Protobuf 3.36.2: a value of zero is lost where the class has an initializer. "public int Retries { get; set; } = 3;" set to 0, or a bool set
# to false, is not written, as the zero of its type, and the reader's new object begins with the initializer: 0 arrives as 3, false as true, within protobuf-net itself. The same
# bytes read with Google's package give 0 and false. And 0 as Google writes it, that is without the field, is read as 3 by protobuf-net. A list with an initializer doubles: ["a"]
# arrives as ["a", "a"].
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'protobuf-net 3.4.40;Google.Protobuf 3.36.2' <<'CS'
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using ProtoBuf;

Console.WriteLine($"int 0: protobuf-net reads {Copy(new Policy { Retries = 0 }).Retries}");
Console.WriteLine($"int 5: protobuf-net reads {Copy(new Policy { Retries = 5 }).Retries}");
Console.WriteLine($"int 0, written by protobuf-net: Google.Protobuf reads {Int32Value.Parser.ParseFrom(Bytes(new Policy { Retries = 0 })).Value}");
Console.WriteLine($"int 0, written by Google.Protobuf: protobuf-net reads {Serializer.Deserialize<Policy>(new MemoryStream(new Int32Value { Value = 0 }.ToByteArray())).Retries}");
Console.WriteLine($"false: protobuf-net reads {Copy(new Switch { Enabled = false }).Enabled}");
Console.WriteLine($"false, written by protobuf-net: Google.Protobuf reads {BoolValue.Parser.ParseFrom(Bytes(new Switch { Enabled = false })).Value}");
Console.WriteLine($"list of 1: protobuf-net reads {string.Join(", ", Copy(new Tags()).Names)}");

static T Copy<T>(T value) => Serializer.Deserialize<T>(new MemoryStream(Bytes(value)));

static byte[] Bytes<T>(T value)
{
    MemoryStream stream = new();
    Serializer.Serialize(stream, value);
    return stream.ToArray();
}

[ProtoContract]
class Policy
{
    [ProtoMember(1)]
    public int Retries { get; set; } = 3;
}

[ProtoContract]
class Switch
{
    [ProtoMember(1)]
    public bool Enabled { get; set; } = true;
}

[ProtoContract]
class Tags
{
    [ProtoMember(1)]
    public List<string> Names { get; set; } = ["a"];
}
CS
out=$(dotnet "$app")
echo "$out"
expect 'other values arrive' '^int 5: protobuf-net reads 5$' "$out"
expect 'zero becomes three' '^int 0: protobuf-net reads 3$' "$out"
expect 'for Google it is zero' '^int 0, written by protobuf-net: Google\.Protobuf reads 0$' "$out"
expect 'whose zero is three' '^int 0, written by Google\.Protobuf: protobuf-net reads 3$' "$out"
expect 'false becomes true' '^false: protobuf-net reads True$' "$out"
expect 'for Google it is false' '^false, written by protobuf-net: Google\.Protobuf reads False$' "$out"
expect 'a list of one becomes one of two' '^list of 1: protobuf-net reads a, a$' "$out"
