using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;

namespace RaftLog.Protocol.Generator;

/// <summary>
/// Reads the schema language (see Schemas/README.md). Mistakes are collected with their lines; with any, there is no schema.
/// </summary>
internal sealed class SchemaParser
{
    private readonly List<SchemaLine> _lines;
    private readonly List<SchemaError> _errors = new();
    private readonly List<StructureSchema> _structures = new();
    private int _next;

    private SchemaParser(string text) => _lines = SchemaLine.Split(text);

    /// <summary>Reads a whole file.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="errors">The mistakes found; empty exactly when there is a result.</param>
    public static MessageSchema? Parse(string text, out IReadOnlyList<SchemaError> errors)
    {
        SchemaParser parser = new(text);
        MessageSchema? schema = parser.ParseFile();
        errors = parser._errors;
        return parser._errors.Count == 0 ? schema : null;
    }

    /// <summary>Reads only the head, for the tables; null when there is none that is right.</summary>
    public static MessageHead? ParseHead(string text)
    {
        SchemaParser parser = new(text);
        parser.TakeComments();
        return parser.ParseHeadLine();
    }

    private MessageSchema? ParseFile()
    {
        string doc = TakeComments();
        int line = _next < _lines.Count ? _lines[_next].Number : 0;
        MessageHead? head = ParseHeadLine();
        if (head is null)
        {
            return null;
        }

        StructureSchema body = new(head.ClassName, doc, line);
        ParseFields(body, indent: 0);
        while (_next < _lines.Count)
        {
            ParseSharedStructure();
        }

        if (_errors.Count == 0)
        {
            new SchemaChecker(head, body, _structures, _errors).Check();
        }

        return new MessageSchema(head, body, _structures);
    }

    private string TakeComments()
    {
        List<string> doc = new();
        while (_next < _lines.Count && _lines[_next].Words.Length == 0)
        {
            doc.Add(_lines[_next++].Doc);
        }

        return string.Join(" ", doc);
    }

    private MessageHead? ParseHeadLine()
    {
        if (_next >= _lines.Count)
        {
            Report(0, "the file has no head; expected 'request | response | record | data Name [key] versions A-B flexible N+|none'");
            return null;
        }

        SchemaLine line = _lines[_next++];
        string[] words = line.Words;
        MessageKind? kind = words[0] switch
        {
            "request" => MessageKind.Request,
            "response" => MessageKind.Response,
            "record" => MessageKind.Record,
            "data" => MessageKind.Data,
            _ => null,
        };
        int rest = kind == MessageKind.Data ? 2 : 3;
        int key = -1;
        bool isReused = words.Length == rest + 5 && words[rest + 4] == "reused";
        if (
            kind is null
            || line.Indent != 0
            || words.Length != (isReused ? rest + 5 : rest + 4)
            || words[rest] != "versions"
            || words[rest + 2] != "flexible"
            || !IsName(words[1])
            || (rest == 3 && !TryKey(words[2], out key))
        )
        {
            Report(
                line,
                "expected a head: 'request | response | record Name key' or 'data Name', then 'versions A-B flexible N+|none [reused]'"
            );
            return null;
        }

        if (!VersionRange.TryParse(words[rest + 1], out VersionRange versions) || versions.Highest == VersionRange.Unbounded)
        {
            Report(line, $"versions '{words[rest + 1]}' are not of the form A-B");
            return null;
        }

        VersionRange flexible = new(VersionRange.Unbounded, VersionRange.Unbounded);
        if (
            words[rest + 3] != "none"
            && (!VersionRange.TryParse(words[rest + 3], out flexible) || flexible.Highest != VersionRange.Unbounded)
        )
        {
            Report(line, $"flexible '{words[rest + 3]}' is not of the form N+ or none");
            return null;
        }

        return new MessageHead(kind.Value, words[1], key, versions.Lowest, versions.Highest, flexible.Lowest, isReused);
    }

    private void ParseSharedStructure()
    {
        SchemaLine line = _lines[_next++];
        if (line.Words.Length == 0)
        {
            return;
        }

        if (line.Indent != 0 || line.Words.Length != 2 || line.Words[0] != "struct" || !IsName(line.Words[1]))
        {
            Report(line, line.Indent != 0 ? $"indented by {line.Indent}, but it continues no field" : "expected 'struct Name'");
            return;
        }

        StructureSchema structure = new(line.Words[1], line.Doc, line.Number);
        _structures.Add(structure);
        ParseFields(structure, indent: 2);
    }

    private void ParseFields(StructureSchema owner, int indent)
    {
        while (_next < _lines.Count)
        {
            SchemaLine line = _lines[_next];
            if (line.Words.Length == 0)
            {
                _next++;
                continue;
            }

            if (line.Indent != indent || line.Words[0] == "struct")
            {
                break;
            }

            _next++;
            FieldSchema? field = ParseField(line);
            StructureSchema? below = ParseStructureBelow(field, line, indent + 2);
            if (field is not null)
            {
                field.Structure = below;
                owner.Fields.Add(field);
            }
        }

        if (owner.Fields.Count == 0 && indent > 0)
        {
            Report(owner.Line, $"structure {owner.Name} has no fields");
        }
    }

    private StructureSchema? ParseStructureBelow(FieldSchema? field, SchemaLine line, int indent)
    {
        int look = _next;
        while (look < _lines.Count && _lines[look].Words.Length == 0)
        {
            look++;
        }

        if (look == _lines.Count || _lines[look].Indent < indent)
        {
            return null;
        }

        if (field is { Scalar: not null })
        {
            Report(line, $"{field.Name} is no structure, so no fields can stand below it");
        }

        StructureSchema structure = new(field?.TypeName ?? "Unknown", line.Doc, line.Number);
        _structures.Add(structure);
        int before = _next;
        ParseFields(structure, indent);
        if (_next == before)
        {
            _next++;
        }

        return structure;
    }

    private FieldSchema? ParseField(SchemaLine line)
    {
        string[] words = line.Words;
        if (words.Length < 2 || !IsName(words[0]))
        {
            Report(
                line,
                "expected a field: 'Name type [versions] [nullable V] [tag N] [tagged V] [default V] [# doc]', the name with a capital"
            );
            return null;
        }

        string type = words[1];
        bool nullable = type.EndsWith("?", StringComparison.Ordinal);
        type = nullable ? type.Substring(0, type.Length - 1) : type;
        bool array = type.StartsWith("[]", StringComparison.Ordinal);
        type = array ? type.Substring(2) : type;
        FieldSchema field = new(words[0], line.Number, array, type) { Doc = line.Doc };
        if (field.Scalar is null && !IsName(type))
        {
            Report(line, $"unknown type '{type}'");
        }

        if (nullable)
        {
            field.Nullable = new VersionRange(0, VersionRange.Unbounded);
        }

        VersionRange? tagged = null;
        for (int i = 2; i < words.Length; i++)
        {
            string? value = i + 1 < words.Length ? words[i + 1] : null;
            switch (words[i])
            {
                case "nullable" when value is not null && VersionRange.TryParse(value, out VersionRange range):
                    field.Nullable = range;
                    i++;
                    break;
                case "tagged" when value is not null && VersionRange.TryParse(value, out VersionRange range):
                    tagged = range;
                    i++;
                    break;
                case "tag" when value is not null && TryKey(value, out int tag):
                    field.Tag = tag;
                    i++;
                    break;
                case "default" when value is not null:
                    field.Default = value;
                    i++;
                    break;
                default:
                    if (!VersionRange.TryParse(words[i], out VersionRange versions))
                    {
                        Report(line, $"'{words[i]}' is neither versions nor 'nullable V', 'tag N', 'tagged V' or 'default V'");
                        return field;
                    }

                    field.Versions = versions;
                    break;
            }
        }

        if (field.Tag >= 0)
        {
            field.Tagged = tagged ?? field.Versions;
        }
        else if (tagged is not null)
        {
            Report(line, $"{field.Name} has 'tagged' but no 'tag N'");
        }

        return field;
    }

    private static bool IsName(string word) => word.Length > 0 && word[0] is >= 'A' and <= 'Z' && word.All(char.IsLetterOrDigit);

    private static bool TryKey(string word, out int key) =>
        int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out key) && key <= short.MaxValue;

    private void Report(SchemaLine line, string message) => Report(line.Number, message);

    private void Report(int line, string message) => _errors.Add(new SchemaError(line, message));
}
