#!/usr/bin/env bash
# Confluent.SchemaRegistry.Serdes.Avro 2.16.0, with a registry in this script (an HTTP listener): with UseLatestVersion an AvroSerializer of a specific record writes the id of the subject's
# latest schema before bytes that are laid out by the class's own schema. When the latest one adds a field with a default, a compatible change, the message is cut short for
# its reader; when it puts the same fields in another order, the values change places without an error. With a GenericRecord the same serializer throws
# "GenericRecord required to write against record schema but found Avro.Generic.GenericRecord". So one registration elsewhere breaks a producer that was not touched;
# the documentation warns only that compatibility is not checked.
set -euo pipefail
source "$(dirname "$0")/lib/dotnet-app.sh"
dotnet_app 'Confluent.SchemaRegistry.Serdes.Avro 2.16.0;Confluent.Kafka 2.16.0' <<'CS'
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Avro;
using Avro.Generic;
using Avro.Specific;
using Confluent.Kafka;
using Confluent.SchemaRegistry;
using Confluent.SchemaRegistry.Serdes;
using Schema = Avro.Schema;

TcpListener free = new(IPAddress.Loopback, 0);
free.Start();
string url = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/";
free.Stop();
HttpListener registry = new();
registry.Prefixes.Add(url);
registry.Start();
string latest = Order.Text;
_ = Task.Run(Serve);

await Show("the same schema", Order.Text);
await Show("a field added", Order.Text.Replace("]", """,{"name":"discount","type":"int","default":0}]"""));
await Show("another order", """{"type":"record","name":"Order","fields":[{"name":"items","type":"int"},{"name":"total","type":"int"}]}""");

async Task Show(string change, string schema)
{
    latest = schema;
    using CachedSchemaRegistryClient client = new(new SchemaRegistryConfig { Url = url });
    AvroSerializerConfig config = new() { AutoRegisterSchemas = false, UseLatestVersion = true };
    GenericRecord generic = new((RecordSchema)Schema.Parse(Order.Text));
    generic.Add("total", 500);
    generic.Add("items", 3);
    await Copy($"{change}, specific", client, new AvroSerializer<Order>(client, config), new Order { Total = 500, Items = 3 });
    await Copy($"{change}, generic", client, new AvroSerializer<GenericRecord>(client, config), generic);
}

async Task Copy<T>(string title, ISchemaRegistryClient client, AvroSerializer<T> serializer, T order)
{
    SerializationContext context = new(MessageComponentType.Value, "orders");
    string written = "nothing";
    try
    {
        byte[] bytes = await serializer.SerializeAsync(order, context);
        written = Convert.ToHexString(bytes);
        GenericRecord read = await new AvroDeserializer<GenericRecord>(client).DeserializeAsync(bytes, false, context);
        Console.WriteLine($"{title}: {written} read as total {read["total"]}, items {read["items"]}");
    }
    catch (AvroException e)
    {
        Console.WriteLine($"{title}: {written} written, {e.GetType().Name}: {e.Message}");
    }
}

// One subject, whose latest version has the id 2.
async Task Serve()
{
    while (true)
    {
        HttpListenerContext call = await registry.GetContextAsync();
        bool known = call.Request.Url!.AbsolutePath is "/schemas/ids/2" or "/subjects/orders-value/versions/latest";
        call.Response.StatusCode = known ? 200 : 404;
        call.Response.ContentType = "application/vnd.schemaregistry.v1+json";
        call.Response.OutputStream.Write(known
            ? JsonSerializer.SerializeToUtf8Bytes(new { id = 2, version = 2, subject = "orders-value", schemaType = "AVRO", schema = latest })
            : Encoding.UTF8.GetBytes("""{"error_code":40401,"message":"not found"}"""));
        call.Response.Close();
    }
}

// As avrogen writes it.
class Order : ISpecificRecord
{
    public const string Text = """{"type":"record","name":"Order","fields":[{"name":"total","type":"int"},{"name":"items","type":"int"}]}""";
    public static Schema _SCHEMA = Schema.Parse(Text);

    public Schema Schema => _SCHEMA;
    public int Total { get; set; }
    public int Items { get; set; }

    public object Get(int position) => position switch
    {
        0 => Total,
        1 => Items,
        _ => throw new AvroRuntimeException($"Bad index {position} in Get()"),
    };

    public void Put(int position, object value)
    {
        switch (position)
        {
            case 0: Total = (int)value; break;
            case 1: Items = (int)value; break;
            default: throw new AvroRuntimeException($"Bad index {position} in Put()");
        }
    }
}
CS
out=$(timeout 60 dotnet "$app")
echo "$out"
expect 'with the same schema a specific record is read' '^the same schema, specific: 0000000002E80706 read as total 500, items 3$' "$out"
expect 'a generic one too' '^the same schema, generic: 0000000002E80706 read as total 500, items 3$' "$out"
expect 'an added field has no bytes under the id of the schema that has it' '^a field added, specific: 0000000002E80706 written, AvroException: End of stream reached' "$out"
expect 'a generic record is refused then' '^a field added, generic: nothing written, AvroException: GenericRecord required to write against record schema but found Avro.Generic.GenericRecord' "$out"
expect 'in another order the values change places' '^another order, specific: 0000000002E80706 read as total 3, items 500$' "$out"
expect 'and a generic record is refused' '^another order, generic: nothing written, AvroException: ' "$out"
