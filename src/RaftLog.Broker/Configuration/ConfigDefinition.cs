namespace RaftLog.Broker.Configuration;

/// <summary>One configuration key.</summary>
/// <param name="Name">The key.</param>
/// <param name="Type">The type of its values.</param>
/// <param name="Default">The default as text, or null for unset.</param>
/// <param name="Range">The values that are allowed.</param>
/// <param name="Support">What RaftLog makes of it.</param>
/// <param name="Description">What it does here, or why it is rejected; empty for keys without effect.</param>
public sealed record ConfigDefinition(
    string Name,
    ConfigType Type,
    string? Default,
    ConfigRange Range,
    ConfigSupport Support,
    string Description
)
{
    /// <summary>The key has no default and must be set.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Kafka lets the value of a running node be changed.</summary>
    public bool IsDynamic { get; init; }

    /// <summary>Of what a value may be set while nodes run.</summary>
    public ConfigScope Scope { get; init; }

    /// <summary>For a key of a topic or a group the node's keys that give its default; the first that is set wins.</summary>
    public IReadOnlyList<string> BrokerKeys { get; init; } = [];

    /// <summary>Not one of Kafka's public keys: of its own tests, or of its tools. It is shown only where it is set.</summary>
    public bool IsInternal { get; init; }

    /// <summary>The value must not be shown.</summary>
    public bool IsSensitive => Type == ConfigType.Password;

    /// <summary>Checks a value; null when it is fine.</summary>
    public ConfigFault? Check(string value)
    {
        string? reason;
        switch (Type)
        {
            case ConfigType.Boolean:
                return ConfigText.TryBoolean(value, out _) ? null : new(value, "Expected value to be either true or false");
            case ConfigType.Int or ConfigType.Short or ConfigType.Long:
                if (!ConfigText.TryLong(value, out long number) || number < Least || number > Most)
                {
                    return new(value, $"Not a number of type {Type.ToString().ToUpperInvariant()}");
                }

                reason = Range.Reject(number);
                return reason is null ? null : new($"{number}", reason);
            case ConfigType.Double:
                if (!ConfigText.TryDouble(value, out double real))
                {
                    return new(value, "Not a number of type DOUBLE");
                }

                reason = Range.Reject(real);
                return reason is null ? null : new(ConfigText.Show(real), reason);
            case ConfigType.List:
                return CheckList(ConfigText.List(value));
            default:
                reason = Range.Reject(value.Trim());
                return reason is null ? null : new(value.Trim(), reason);
        }
    }

    /// <summary>
    /// A value as it is described, as Kafka does: without blanks around it and, for a list, around its elements, of which each stands once
    /// where the allowed ones are known. It is stored as it was written.
    /// </summary>
    public string Normalize(string value)
    {
        if (Type != ConfigType.List)
        {
            return value.Trim();
        }

        string[] items = ConfigText.List(value);
        return string.Join(',', Range.IsEnumerated ? items.Distinct(StringComparer.Ordinal) : items);
    }

    private long Least =>
        Type switch
        {
            ConfigType.Int => int.MinValue,
            ConfigType.Short => short.MinValue,
            _ => long.MinValue,
        };

    private long Most =>
        Type switch
        {
            ConfigType.Int => int.MaxValue,
            ConfigType.Short => short.MaxValue,
            _ => long.MaxValue,
        };

    private ConfigFault? CheckList(string[] items)
    {
        if (Range.RejectsAsReplicas(items))
        {
            return new(
                $"[{string.Join(", ", items)}]",
                $"{Name} must be the literal '*' or a list of replicas in the following format: "
                    + $"[partitionId]:[brokerId],[partitionId]:[brokerId],..."
            );
        }

        foreach (string item in items)
        {
            if (Range.Reject(item) is { } reason)
            {
                return new(item, reason);
            }
        }

        return null;
    }
}
