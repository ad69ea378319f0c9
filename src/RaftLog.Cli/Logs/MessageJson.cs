using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Cli.Logs;

/// <summary>
/// A message as JSON, for people: its fields by their names in Kafka's schemas. Fields that its version does not have show their default.
/// </summary>
internal static class MessageJson
{
    /// <summary>Writes a message as an object.</summary>
    public static void Write(Utf8JsonWriter writer, IMessage message) => WriteObject(writer, message);

    private static void WriteObject(Utf8JsonWriter writer, object fields)
    {
        writer.WriteStartObject();
        foreach (PropertyInfo field in fields.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (field.CanWrite && field.GetIndexParameters().Length == 0)
            {
                writer.WritePropertyName(JsonNamingPolicy.CamelCase.ConvertName(field.Name));
                WriteValue(writer, field.GetValue(fields));
            }
        }

        writer.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case double number:
                writer.WriteNumberValue(number);
                break;
            case sbyte or byte or short or ushort or int or uint or long or Enum:
                writer.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case string or Uuid:
                writer.WriteStringValue($"{value}");
                break;
            case Memory<byte> bytes:
                writer.WriteBase64StringValue(bytes.Span);
                break;
            case ReadOnlyMemory<byte> bytes:
                writer.WriteBase64StringValue(bytes.Span);
                break;
            case IEnumerable list:
                writer.WriteStartArray();
                foreach (object? item in list)
                {
                    WriteValue(writer, item);
                }

                writer.WriteEndArray();
                break;
            case ValueType word when word.GetType().GetProperty("Value") is { } number:
                WriteValue(writer, number.GetValue(word));
                break;
            default:
                WriteObject(writer, value);
                break;
        }
    }
}
