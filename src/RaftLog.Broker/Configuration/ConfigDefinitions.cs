using System.Diagnostics.CodeAnalysis;

namespace RaftLog.Broker.Configuration;

/// <summary>
/// The keys of one kind of resource, in ordinal order. The tables lie in <c>Definitions/</c> as text, which is read once, on first use.
/// </summary>
public sealed class ConfigDefinitions
{
    private const string Unset = "null";
    private const string Required = "required";
    private const string Empty = "''";
    private const string Fixed = "fixed";
    private const string DynamicOnly = "dynamic-only";
    private const string Hidden = "hidden";
    private const int Columns = 7;

    private static readonly Lazy<ConfigDefinitions> BrokerTable = new(() => Load("broker.txt", ReadBrokerKey));
    private static readonly Lazy<ConfigDefinitions> TopicTable = new(() => Load("topic.txt", ReadDynamicKey));
    private static readonly Lazy<ConfigDefinitions> GroupTable = new(() => Load("group.txt", ReadDynamicKey));
    private static readonly Lazy<ConfigDefinitions> ClientMetricsTable = new(() => Load("client-metrics.txt", ReadDynamicKey));

    private readonly Dictionary<string, ConfigDefinition> _byName;

    private ConfigDefinitions(List<ConfigDefinition> all)
    {
        All = all;
        _byName = new(all.Count, StringComparer.Ordinal);
        foreach (ConfigDefinition definition in all)
        {
            _byName.Add(definition.Name, definition);
        }
    }

    /// <summary>The keys of a node.</summary>
    public static ConfigDefinitions Broker => BrokerTable.Value;

    /// <summary>The keys of a topic.</summary>
    public static ConfigDefinitions Topic => TopicTable.Value;

    /// <summary>The keys of a group (KIP-848, KIP-932, KIP-1071).</summary>
    public static ConfigDefinitions Group => GroupTable.Value;

    /// <summary>The keys of a subscription to client metrics (KIP-714).</summary>
    public static ConfigDefinitions ClientMetrics => ClientMetricsTable.Value;

    /// <summary>Every key, in ordinal order.</summary>
    public IReadOnlyList<ConfigDefinition> All { get; }

    /// <summary>The definition of a key that is known to exist.</summary>
    /// <exception cref="KeyNotFoundException">It does not: a mistake in this program.</exception>
    public ConfigDefinition this[string name] => _byName[name];

    /// <summary>Looks a key up.</summary>
    public bool TryGet(string name, [NotNullWhen(true)] out ConfigDefinition? definition) => _byName.TryGetValue(name, out definition);

    /// <summary>The known key that a misspelled one was most likely meant to be, or null.</summary>
    public string? Suggest(string name) => Spelling.Closest(name, All.Select(definition => definition.Name));

    private static ConfigDefinitions Load(string file, Func<string[], ConfigDefinition> readKey)
    {
        using Stream stream = typeof(ConfigDefinitions).Assembly.GetManifestResourceStream($"RaftLog.Broker.Configuration.{file}")!;
        using StreamReader text = new(stream);
        List<ConfigDefinition> all = new(capacity: 512);
        while (text.ReadLine() is { } line)
        {
            if (!line.StartsWith('#'))
            {
                all.Add(readKey(line.Split(' ', Columns)));
            }
        }

        return new(all);
    }

    private static ConfigDefinition ReadBrokerKey(string[] cells) =>
        ReadKey(cells) with
        {
            IsDynamic = cells[4] != Fixed,
            Scope = ReadScope(cells[4]),
            IsInternal = cells[4] == DynamicOnly || IsHidden(cells),
        };

    private static ConfigDefinition ReadDynamicKey(string[] cells) =>
        ReadKey(cells) with
        {
            IsDynamic = true,
            Scope = ConfigScope.Any,
            IsInternal = IsHidden(cells),
            BrokerKeys = cells[4] == "-" ? [] : cells[4].Split(','),
        };

    private static bool IsHidden(string[] cells) => cells[5] == Hidden;

    private static ConfigDefinition ReadKey(string[] cells) =>
        new(
            cells[0],
            ReadType(cells[1]),
            ReadDefault(cells[2]),
            ConfigRange.Parse(cells[3]),
            ReadSupport(cells[5]),
            cells.Length < Columns ? "" : cells[6]
        )
        {
            IsRequired = cells[2] == Required,
        };

    private static string? ReadDefault(string cell) =>
        cell switch
        {
            Unset or Required => null,
            Empty => "",
            _ => cell,
        };

    private static ConfigType ReadType(string cell) =>
        cell switch
        {
            "boolean" => ConfigType.Boolean,
            "string" => ConfigType.String,
            "int" => ConfigType.Int,
            "short" => ConfigType.Short,
            "long" => ConfigType.Long,
            "double" => ConfigType.Double,
            "list" => ConfigType.List,
            "class" => ConfigType.Class,
            "password" => ConfigType.Password,
            _ => throw new InvalidOperationException($"the definition tables have no type '{cell}'"),
        };

    private static ConfigScope ReadScope(string cell) =>
        cell switch
        {
            "dynamic" or DynamicOnly => ConfigScope.Any,
            "broker" => ConfigScope.OneBroker,
            "listener" => ConfigScope.OneListener,
            "kafka-only" or Fixed => ConfigScope.None,
            _ => throw new InvalidOperationException($"the definition tables have no scope '{cell}'"),
        };

    private static ConfigSupport ReadSupport(string cell) =>
        cell switch
        {
            "yes" or Hidden => ConfigSupport.Implemented,
            "no" => ConfigSupport.WithoutEffect,
            "rejected" => ConfigSupport.Rejected,
            _ => throw new InvalidOperationException($"the definition tables have no support '{cell}'"),
        };
}
