using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using RaftLog.Cli.Output;
using RaftLog.Client.Consume;
using RaftLog.Client.Produce;
using RaftLog.Protocol.Records;

namespace RaftLog.Cli.Clients.Records;

/// <summary>
/// Records as JSON, one a line, in which nothing is lost: bytes that are UTF-8 are a string, other bytes <c>{"base64":"..."}</c>, null is
/// null. What <c>consume --format json</c> writes <c>produce --format json</c> reads.
/// </summary>
internal static class JsonRecords
{
    private const string Base64 = "base64";

    public static string Write(RecordView view)
    {
        ConsumedRecord record = view.ToRecord();
        return Json.Line(writer =>
        {
            writer.WriteStartObject();
            Describe(writer, record);
            writer.WriteEndObject();
        });
    }

    /// <summary>Reads a record.</summary>
    /// <param name="line">The line.</param>
    /// <param name="number">Its number, for the error.</param>
    /// <param name="common">What the record has where the line does not say.</param>
    /// <exception cref="FormatException">The line is no such record.</exception>
    public static ProducerRecord Read(ReadOnlyMemory<byte> line, long number, ProducerRecord common)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            ProducerRecord record = common;
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                record = property.Name switch
                {
                    "key" => record with { Key = BytesOf(property.Value) },
                    "value" => record with { Value = BytesOf(property.Value) },
                    "headers" => record with { Headers = HeadersOf(property.Value) },
                    "partition" => record with { Partition = property.Value.GetInt32() },
                    "timestamp" => record with { TimestampMs = property.Value.GetInt64() },
                    "topic" or "offset" or "leaderEpoch" => record,
                    _ => throw new FormatException(
                        $"there is no field '{property.Name}'; there are key, value, headers, partition and timestamp"
                    ),
                };
            }

            return record;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new FormatException($"line {number} is no record in JSON: {e.Message}");
        }
    }

    private static void Describe(Utf8JsonWriter writer, ConsumedRecord record)
    {
        writer.WriteString("topic", record.Partition.Topic);
        writer.WriteNumber("partition", record.Partition.Partition);
        writer.WriteNumber("offset", record.Offset.Value);
        writer.WriteNumber("timestamp", record.TimestampMs);
        writer.WriteNumber("leaderEpoch", record.LeaderEpoch.Value);
        WriteBytes(writer, "key", record.Key);
        WriteBytes(writer, "value", record.Value);
        if (record.Headers.Count > 0)
        {
            writer.WriteStartArray("headers");
            foreach (RecordHeader header in record.Headers)
            {
                writer.WriteStartObject();
                byte[] name = new byte[header.NameSize];
                header.WriteName(name);
                WriteBytes(writer, "name", name);
                WriteBytes(writer, "value", header.Value is { } value ? value.ToArray() : null);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }
    }

    private static void WriteBytes(Utf8JsonWriter writer, string name, byte[]? bytes)
    {
        if (bytes is null)
        {
            writer.WriteNull(name);
        }
        else if (Utf8.IsValid(bytes))
        {
            writer.WriteString(name, Encoding.UTF8.GetString(bytes));
        }
        else
        {
            writer.WriteStartObject(name);
            writer.WriteBase64String(Base64, bytes);
            writer.WriteEndObject();
        }
    }

    private static ReadOnlyMemory<byte>? BytesOf(JsonElement element) =>
        element.ValueKind switch
        {
            JsonValueKind.Null => new ReadOnlyMemory<byte>?(),
            JsonValueKind.Object => element.GetProperty(Base64).GetBytesFromBase64(),
            _ => Encoding.UTF8.GetBytes(element.GetString()!),
        };

    private static RecordHeader[] HeadersOf(JsonElement element) =>
        [
            .. element
                .EnumerateArray()
                .Select(each => new RecordHeader(NameOf(each.GetProperty("name")), ArrayOf(each.GetProperty("value")))),
        ];

    private static ReadOnlySpan<byte> NameOf(JsonElement element) =>
        BytesOf(element) is { } name ? name.Span : throw new FormatException("the name of a header is null");

    private static byte[]? ArrayOf(JsonElement element) => BytesOf(element) is { } bytes ? bytes.ToArray() : null;
}
