#!/usr/bin/env bash
# Streamiz.Kafka.Net 1.8.2: the serdes of numbers write little-endian bytes. The serializers of Confluent.Kafka, which Streamiz is built on, and Kafka's own, which the serdes'
# names come from, write big-endian ones. So the count 1 that a Streamiz topology writes to a topic reads as 72057594037927936 for any other consumer, and a long key or value of another
# producer reads wrong in Streamiz: same length, no error, and keys of both never join. The same goes for int, float and double.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'Streamiz.Kafka.Net 1.8.2;Confluent.Kafka 2.16.0' <<'CS'
using Confluent.Kafka;
using Streamiz.Kafka.Net.SerDes;

SerializationContext context = new(MessageComponentType.Value, "counts");
Show("long", new Int64SerDes(), Serializers.Int64, Deserializers.Int64, 1);
Show("int", new Int32SerDes(), Serializers.Int32, Deserializers.Int32, 1);
Show("double", new DoubleSerDes(), Serializers.Double, Deserializers.Double, 1);
Show("float", new FloatSerDes(), Serializers.Single, Deserializers.Single, 1);

void Show<T>(string type, ISerDes<T> streamiz, ISerializer<T> serializer, IDeserializer<T> deserializer, T one)
{
    byte[] written = streamiz.Serialize(one, context);
    byte[] expected = serializer.Serialize(one, context);
    T there = deserializer.Deserialize(written, false, context);
    T here = streamiz.Deserialize(expected, context);
    string bytes = $"Streamiz {Convert.ToHexString(written)}, Confluent.Kafka {Convert.ToHexString(expected)}";
    Console.WriteLine($"{type} 1: {bytes}, read as {there} there, as {here} here");
}
CS
out=$(dotnet "$app")
echo "$out"
expect 'a long reads as another one' '^long 1: Streamiz 0100000000000000, Confluent.Kafka 0000000000000001, read as 72057594037927936 there, as 72057594037927936 here$' "$out"
expect 'an int too' '^int 1: Streamiz 01000000, Confluent.Kafka 00000001, read as 16777216 there, as 16777216 here$' "$out"
expect 'a double' '^double 1: Streamiz 000000000000F03F, Confluent.Kafka 3FF0000000000000, ' "$out"
expect 'a float' '^float 1: Streamiz 0000803F, Confluent.Kafka 3F800000, ' "$out"
