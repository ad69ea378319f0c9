using System.Diagnostics.CodeAnalysis;

namespace RaftLog.Broker.Configuration;

/// <summary>
/// What stands in a node's configuration file: keys, values, and where each came from. Keys that are absent have their default.
/// </summary>
/// <param name="where">The file and, in a cluster file, the node; for problems with keys that are absent.</param>
public sealed class ConfigSettings(string where)
{
    private readonly Dictionary<string, Setting> _byKey = new(StringComparer.Ordinal);

    /// <summary>Where the settings stand.</summary>
    public string Where { get; } = where;

    /// <summary>The keys, in the order of the file.</summary>
    public IEnumerable<string> Keys => _byKey.Keys;

    /// <summary>Sets a key, over an earlier value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value as text.</param>
    /// <param name="origin">File and line.</param>
    public void Set(string key, string value, string origin) => _byKey[key] = new(value, origin);

    /// <summary>Sets all keys of <paramref name="others"/>, over earlier values.</summary>
    public void SetAll(ConfigSettings others)
    {
        foreach ((string key, Setting setting) in others._byKey)
        {
            _byKey[key] = setting;
        }
    }

    /// <summary>True when the key is set.</summary>
    public bool Contains(string key) => _byKey.ContainsKey(key);

    /// <summary>The value of a key that is set.</summary>
    public bool TryGet(string key, [NotNullWhen(true)] out string? value)
    {
        bool found = _byKey.TryGetValue(key, out Setting? setting);
        value = setting?.Value;
        return found;
    }

    /// <summary>File and line of a key, or the file when it is absent.</summary>
    public string OriginOf(string key) => _byKey.TryGetValue(key, out Setting? setting) ? setting.Origin : Where;

    private sealed record Setting(string Value, string Origin);
}
