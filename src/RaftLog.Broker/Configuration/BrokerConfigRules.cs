using RaftLog.Protocol;

namespace RaftLog.Broker.Configuration;

/// <summary>Decides whether a value of a running node may be set so. The words are Kafka's, where it has some.</summary>
public static class BrokerConfigRules
{
    private const string ListenerPrefix = "listener.name.";

    /// <summary>Checks keys that are to be set on a broker, or on all of them.</summary>
    /// <param name="values">All values that the broker would have of its own, or that all of them would have.</param>
    /// <param name="changed">The keys that are to be set. Unknown ones are fine, as in Kafka.</param>
    /// <param name="ofAll">True for the values of all brokers.</param>
    /// <param name="broker">The node's configuration, for limits that span two keys.</param>
    /// <param name="others">What all brokers have of their own, for the values of one.</param>
    /// <returns><see cref="ErrorCode.None"/> and null, or <see cref="ErrorCode.InvalidRequest"/> and what is wrong.</returns>
    public static (ErrorCode Error, string? Message) Check(
        IReadOnlyDictionary<string, string> values,
        IReadOnlyList<string> changed,
        bool ofAll,
        BrokerConfigs broker,
        IReadOnlyDictionary<string, string> others
    )
    {
        string? rejection = changed
            .Where(values.ContainsKey)
            .Select(key => CheckKey(key, values[key], ofAll))
            .FirstOrDefault(static each => each is not null);
        if (rejection is null)
        {
            DynamicConfigs dynamic = ofAll ? new DynamicConfigs(ResourceConfigs.NoOverrides, values) : new DynamicConfigs(values, others);
            rejection = BrokerConfigLimits
                .Broken(key => broker.Value(key, dynamic), changed.Contains)
                .Select(static each => $"Invalid value for configuration {each.Key}: {each.Reason}")
                .FirstOrDefault();
        }

        return (rejection is null ? ErrorCode.None : ErrorCode.InvalidRequest, rejection);
    }

    private static string? CheckKey(string key, string value, bool ofAll)
    {
        if (key.StartsWith(ListenerPrefix, StringComparison.Ordinal))
        {
            return $"Cannot update these configs dynamically: [{key}]; RaftLog has no settings of single listeners";
        }

        if (!ConfigDefinitions.Broker.TryGet(key, out ConfigDefinition? definition))
        {
            return null;
        }

        switch (definition.Scope)
        {
            case ConfigScope.None:
                return $"Cannot update these configs dynamically: [{key}]";
            case ConfigScope.OneListener:
                return $"These security configs can be dynamically updated only per-listener using the listener prefix: [{key}]";
            case ConfigScope.OneBroker when ofAll:
                return $"Cannot update these configs at default cluster level, broker id must be specified: [{key}]";
        }

        if (definition.Check(value) is { } fault)
        {
            return fault.ForKey(key);
        }

        bool isOther = value.Trim() != (definition.Default ?? "");
        return definition.Support == ConfigSupport.Rejected && isOther
                ? $"Cannot update these configs dynamically: [{key}]; {definition.Description.TrimEnd('.')}"
            : definition.Type == ConfigType.Class && isOther
                ? $"Invalid value {value} for configuration {key}: Class {value} could not be found."
            : key == ConnectionLimits.TotalKey && ConfigText.TryLong(value, out long most) && most < 1
                ? $"Invalid value {most} for configuration {key}: no client could connect to change it back"
            : null;
    }
}
