using System.Text.Json;
using RaftLog.Cli.Output;

namespace RaftLog.Cli.Logs;

/// <summary>Where a dump goes: entries with named values, for people or for programs.</summary>
internal interface IDumpOutput
{
    /// <summary>Writes an entry.</summary>
    /// <param name="kind">What it is: batch, record, entry, ...</param>
    /// <param name="values">Names and values: numbers, booleans, texts, null, lists of texts, and <see cref="JsonElement"/>.</param>
    void Write(string kind, IReadOnlyList<(string Name, object? Value)> values);

    /// <summary>Begins with a file.</summary>
    void Begin(string path);

    /// <summary>Something is wrong with the file.</summary>
    void Fault(string path, string what);
}

/// <summary>Lines of <c>name: value</c>, in the words of Kafka's <c>kafka-dump-log</c>; records of a batch are indented by a bar.</summary>
internal sealed class TextDump(TextWriter output) : IDumpOutput
{
    public void Begin(string path) => output.WriteLine($"Dumping {path}");

    public void Fault(string path, string what) => output.WriteLine($"FAULT in {path}: {what}");

    public void Write(string kind, IReadOnlyList<(string Name, object? Value)> values)
    {
        if (kind == FileDump.Record)
        {
            output.Write("| ");
        }

        output.WriteLine(string.Join(' ', values.Select(each => $"{each.Name}: {Text(each.Value)}")));
    }

    private static string Text(object? value) =>
        value switch
        {
            null => "none",
            bool flag => flag ? "true" : "false",
            IEnumerable<string> texts => $"[{string.Join(',', texts)}]",
            JsonElement json => json.GetRawText(),
            _ => $"{value}",
        };
}

/// <summary>One JSON object a line; the first value of each says what it is.</summary>
internal sealed class JsonDump(TextWriter output) : IDumpOutput
{
    public void Begin(string path) => Write("file", [("path", path)]);

    public void Fault(string path, string what) => Write("fault", [("path", path), ("what", what)]);

    public void Write(string kind, IReadOnlyList<(string Name, object? Value)> values) =>
        output.WriteLine(
            Json.Line(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("kind", kind);
                foreach ((string name, object? value) in values)
                {
                    writer.WritePropertyName(name);
                    Write(writer, value);
                }

                writer.WriteEndObject();
            })
        );

    private static void Write(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case long or int or short or byte or uint:
                writer.WriteNumberValue(Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));
                break;
            case JsonElement json:
                json.WriteTo(writer);
                break;
            case IEnumerable<string> texts:
                writer.WriteStartArray();
                foreach (string text in texts)
                {
                    writer.WriteStringValue(text);
                }

                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue($"{value}");
                break;
        }
    }
}
