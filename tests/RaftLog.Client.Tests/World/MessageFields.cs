using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using RaftLog.Protocol;

namespace RaftLog.Client.Tests;

/// <summary>Messages as Kafka's request log writes them: JSON by the names of their fields.</summary>
internal static class MessageFields
{
    /// <summary>A message, or a part of one.</summary>
    public static JsonNode? Of(object? value) =>
        value switch
        {
            null => null,
            string text => JsonValue.Create(text),
            bool flag => JsonValue.Create(flag),
            Enum code => JsonValue.Create(Convert.ToInt64(code, CultureInfo.InvariantCulture)),
            sbyte or short or int or long => JsonValue.Create(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
            Uuid id => JsonValue.Create(id.ToString()),
            ReadOnlyMemory<byte> bytes => JsonValue.Create(Convert.ToBase64String(bytes.Span)),
            Memory<byte> bytes => JsonValue.Create(Convert.ToBase64String(bytes.Span)),
            byte[] bytes => JsonValue.Create(Convert.ToBase64String(bytes)),
            IEnumerable items => new JsonArray([.. items.Cast<object?>().Select(Of)]),
            ValueType word when word.GetType().GetProperty("Value") is { } property => Of(property.GetValue(word)),
            _ => new JsonObject(Properties(value).Select(each => KeyValuePair.Create(NameOf(each), Of(each.GetValue(value))))),
        };

    /// <summary>Where two differ, each with its path; fields that only the second has count as not there.</summary>
    public static IEnumerable<string> Differences(JsonNode? expected, JsonNode? actual, string path)
    {
        switch (expected, actual)
        {
            case (JsonObject wanted, JsonObject found):
                return wanted.SelectMany(field => Differences(field.Value, found[field.Key], $"{path}.{field.Key}"));
            case (JsonArray wanted, JsonArray found) when wanted.Count == found.Count:
                return wanted.Zip(found).SelectMany((pair, i) => Differences(pair.First, pair.Second, $"{path}[{i}]"));
            default:
                return JsonNode.DeepEquals(Number(expected), Number(actual))
                    ? []
                    : [$"{path}: {expected?.ToJsonString() ?? "null"} expected, not {actual?.ToJsonString() ?? "null"}"];
        }
    }

    private static JsonNode? Number(JsonNode? node) =>
        node?.GetValueKind() == JsonValueKind.Number ? JsonValue.Create(node.Deserialize<long>()) : node;

    private static IEnumerable<PropertyInfo> Properties(object value) =>
        value
            .GetType()
            .GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(static property => property.GetIndexParameters().Length == 0);

    private static string NameOf(PropertyInfo property) => char.ToLowerInvariant(property.Name[0]) + property.Name[1..];
}
