using System.Globalization;

namespace RaftLog.Broker.Configuration;

/// <summary>
/// Turns settings into typed values, taking defaults for absent keys and collecting problems instead of stopping at the first.
/// </summary>
internal sealed class SettingsReader(ConfigSettings settings, List<ConfigProblem> problems)
{
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    public ConfigSettings Settings => settings;

    /// <summary>Every key that was asked for: what this node really uses.</summary>
    public IReadOnlySet<string> KeysRead => _read;

    public int Int(string key) => (int)Long(key);

    public short Short(string key) => (short)Long(key);

    public long Long(string key) => Text(key) is { } text && ConfigText.TryLong(text, out long value) ? value : 0;

    public double Double(string key) => Text(key) is { } text && ConfigText.TryDouble(text, out double value) ? value : 0;

    public bool Boolean(string key) => Text(key) is { } text && ConfigText.TryBoolean(text, out bool value) && value;

    public IReadOnlyList<string> List(string key) => Text(key) is { } text ? ConfigText.List(text) : [];

    /// <summary>The value as text: the setting where it is good, else the default; null for unset.</summary>
    public string? Text(string key)
    {
        ConfigDefinition definition = ConfigDefinitions.Broker[key];
        bool first = _read.Add(key);
        if (!settings.TryGet(key, out string? value))
        {
            if (definition.IsRequired && first)
            {
                Report(key, "the key is missing and has no default", $"set {key}");
            }

            return definition.Default;
        }

        if (definition.Check(value) is not { } fault)
        {
            return value.Trim();
        }

        if (first)
        {
            Report(key, fault.Reason, FixOf(definition));
        }

        return definition.Default;
    }

    /// <summary>Notes a problem with a key.</summary>
    public void Report(string key, string meaning, string fix) =>
        problems.Add(new(settings.OriginOf(key), key, settings.TryGet(key, out string? value) ? value : null, meaning, fix));

    private static string FixOf(ConfigDefinition definition)
    {
        string fix = $"set a value {definition.Range.Describe()}";
        return definition.Default is { } usual
            ? string.Create(CultureInfo.InvariantCulture, $"{fix}, or remove the key for its default '{usual}'")
            : fix;
    }
}
