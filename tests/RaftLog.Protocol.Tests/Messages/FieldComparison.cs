using System.Collections;
using System.Reflection;
using System.Text.Json;

namespace RaftLog.Protocol.Tests.Messages;

/// <summary>Compares an object with the JSON form of the same message.</summary>
internal static class FieldComparison
{
    /// <summary>Every difference, as path and both values.</summary>
    public static IEnumerable<string> Differences(object actual, JsonElement expected, string path = "")
    {
        foreach (JsonProperty field in expected.EnumerateObject())
        {
            string here = $"{path}.{field.Name}";
            PropertyInfo? property = actual
                .GetType()
                .GetProperty(field.Name, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase);
            IEnumerable<string> found = property is null
                ? [$"{here}: no such field in {actual.GetType().Name}"]
                : DifferencesOfValue(property.GetValue(actual), field.Value, here);
            foreach (string difference in found)
            {
                yield return difference;
            }
        }
    }

    private static IEnumerable<string> DifferencesOfValue(object? actual, JsonElement expected, string path)
    {
        switch (actual)
        {
            case IList list when expected.ValueKind == JsonValueKind.Array && list.Count == expected.GetArrayLength():
                return list.Cast<object>()
                    .Zip(expected.EnumerateArray())
                    .SelectMany((pair, i) => DifferencesOfValue(pair.First, pair.Second, $"{path}[{i}]"));
            case not null when expected.ValueKind == JsonValueKind.Object:
                return Differences(actual, expected, path);
            default:
                return IsSame(actual, expected) ? [] : [$"{path}: read {actual ?? "null"}, expected {expected.GetRawText()}"];
        }
    }

    private static bool IsSame(object? actual, JsonElement expected) =>
        actual switch
        {
            null => expected.ValueKind == JsonValueKind.Null,
            bool flag => expected.ValueKind == (flag ? JsonValueKind.True : JsonValueKind.False),
            string text => expected.ValueKind == JsonValueKind.String && expected.GetString() == text,
            double number => expected.ValueKind == JsonValueKind.Number && expected.GetDouble().Equals(number),
            Uuid id => expected.GetString() == id.ToString(),
            Memory<byte> bytes => expected.GetString() is var text && (text == "" || text == Convert.ToBase64String(bytes.Span)),
            sbyte or short or ushort or int or uint or long => expected.GetInt64() == Convert.ToInt64(actual),
            ErrorCode error => expected.GetInt16() == (short)error,
            _ => actual.GetType().GetProperty("Value") is { } word && IsSame(word.GetValue(actual), expected),
        };
}
