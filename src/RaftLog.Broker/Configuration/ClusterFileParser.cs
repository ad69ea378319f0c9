using System.Text;
using System.Text.Json;

namespace RaftLog.Broker.Configuration;

/// <summary>Reads the JSON of a cluster file into settings, with the line of each.</summary>
internal ref struct ClusterFileParser
{
    private const string ClusterIdKey = "cluster.id";
    private const string DefaultsKey = "defaults";
    private const string NodesKey = "nodes";

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    private readonly string _file;
    private readonly ReadOnlySpan<byte> _utf8;
    private readonly List<ConfigProblem> _problems;
    private Utf8JsonReader _json;
    private string? _clusterId;
    private ConfigSettings? _defaults;
    private List<ConfigSettings>? _nodes;

    private ClusterFileParser(string file, ReadOnlySpan<byte> utf8, List<ConfigProblem> problems)
    {
        _file = file;
        _utf8 = utf8;
        _problems = problems;
        _json = new(utf8, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
    }

    /// <summary>Reads the file; on a problem the content is incomplete.</summary>
    public static ClusterFileContent Parse(string file, ReadOnlySpan<byte> utf8, List<ConfigProblem> problems)
    {
        ClusterFileParser parser = new(file, utf8.StartsWith(ByteOrderMark) ? utf8[ByteOrderMark.Length..] : utf8, problems);
        try
        {
            parser.ReadRoot();
        }
        catch (JsonException damaged)
        {
            string where = $"{file}:{damaged.LineNumber + 1}:{damaged.BytePositionInLine + 1}";
            problems.Add(new(where, "JSON", null, Cause(damaged), "correct the file at this place"));
        }
        catch (InvalidOperationException)
        {
            // The reader checks the form of a text only when it is asked for it.
            parser.Report("JSON", null, "a text is not valid UTF-8, or escapes half a character", "save the file as UTF-8");
        }

        return parser.Finish();
    }

    private readonly string Where => $"{_file}:{_utf8[..(int)_json.TokenStartIndex].Count((byte)'\n') + 1}";

    private static string Cause(JsonException damaged)
    {
        if (damaged.Message.Contains("JSON tokens", StringComparison.Ordinal))
        {
            return "the file is not valid JSON: it is empty";
        }

        int position = damaged.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        string cause = position < 0 ? damaged.Message : damaged.Message[..position];
        return $"the file is not valid JSON: {cause.TrimEnd('.')}";
    }

    private readonly ClusterFileContent Finish()
    {
        if (_problems.Count == 0 && (_nodes is null || _nodes.Count == 0))
        {
            _problems.Add(new(_file, NodesKey, null, "the file names no node", "add an array 'nodes' with one object for each node"));
        }

        ConfigSettings defaults = _defaults ?? new ConfigSettings(_file);
        List<ConfigSettings> merged = [];
        foreach (ConfigSettings node in _nodes ?? [])
        {
            ConfigSettings settings = new(node.Where);
            settings.SetAll(defaults);
            settings.SetAll(node);
            merged.Add(settings);
        }

        return new(_file, _clusterId, defaults, merged);
    }

    private void ReadRoot()
    {
        _json.Read();
        if (_json.TokenType != JsonTokenType.StartObject)
        {
            Report(NodesKey, null, "the file holds no object", "write { \"defaults\": { ... }, \"nodes\": [ ... ] }");
            return;
        }

        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            string key = _json.GetString()!;
            _json.Read();
            switch (key)
            {
                case ClusterIdKey when _json.TokenType == JsonTokenType.String:
                    _clusterId = _json.GetString();
                    break;
                case DefaultsKey when _json.TokenType == JsonTokenType.StartObject && _defaults is null:
                    _defaults = new ConfigSettings(_file);
                    ReadSettings(_defaults);
                    break;
                case NodesKey when _json.TokenType == JsonTokenType.StartArray && _nodes is null:
                    ReadNodes();
                    break;
                default:
                    ReportRootKey(key);
                    _json.Skip();
                    break;
            }
        }

        _json.Read(); // Anything behind the object is an error of the reader.
    }

    private readonly void ReportRootKey(string key)
    {
        switch (key)
        {
            case ClusterIdKey:
                Report(key, null, "it is no text", "write the cluster's id in quotes");
                break;
            case DefaultsKey:
                Report(key, null, _defaults is null ? "it is no object" : "it stands there twice", "write one object of keys and values");
                break;
            case NodesKey:
                Report(
                    key,
                    null,
                    _nodes is null ? "it is no array" : "it stands there twice",
                    "write one array with an object for each node"
                );
                break;
            default:
                string? meant = Spelling.Closest(key, [ClusterIdKey, DefaultsKey, NodesKey]);
                string fix =
                    ConfigDefinitions.Broker.TryGet(key, out _) ? "move it into 'defaults' or into a node"
                    : meant is not null ? $"did you mean '{meant}'?"
                    : $"use {ClusterIdKey}, {DefaultsKey} and {NodesKey}";
                Report(key, null, "a cluster file has no such key", fix);
                break;
        }
    }

    private void ReadNodes()
    {
        _nodes = [];
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType != JsonTokenType.StartObject)
            {
                Report(NodesKey, null, "a node is no object", "write each node as { \"node.id\": 1, ... }");
                _json.Skip();
                continue;
            }

            ConfigSettings node = new($"{Where} (node {_nodes.Count + 1} of the file)");
            ReadSettings(node);
            _nodes.Add(node);
        }
    }

    private void ReadSettings(ConfigSettings settings)
    {
        while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
        {
            string key = _json.GetString()!;
            string where = Where;
            _json.Read();
            string? value = ReadValue(key);
            if (settings.Contains(key))
            {
                Report(key, value, "the key stands there twice", "keep one of the two");
            }
            else if (value is not null)
            {
                settings.Set(key, value, where);
            }
        }
    }

    private string? ReadValue(string key)
    {
        switch (_json.TokenType)
        {
            case JsonTokenType.String:
                return _json.GetString();
            case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False:
                return Encoding.UTF8.GetString(_json.ValueSpan);
            case JsonTokenType.StartArray:
                return ReadList(key);
            default:
                Report(
                    key,
                    null,
                    "a value is a text, a number, true, false, or an array of texts",
                    "remove the key, or give it such a value"
                );
                _json.Skip();
                return null;
        }
    }

    private string? ReadList(string key)
    {
        List<string> items = [];
        bool good = true;
        while (_json.Read() && _json.TokenType != JsonTokenType.EndArray)
        {
            if (_json.TokenType is JsonTokenType.String or JsonTokenType.Number)
            {
                items.Add(_json.TokenType == JsonTokenType.String ? _json.GetString()! : Encoding.UTF8.GetString(_json.ValueSpan));
                continue;
            }

            good = false;
            _json.Skip();
        }

        if (good)
        {
            return string.Join(',', items);
        }

        Report(key, null, "the array holds something other than texts and numbers", "write an array of texts");
        return null;
    }

    private readonly void Report(string key, string? value, string meaning, string fix) =>
        _problems.Add(new(Where, key, value, meaning, fix));
}
