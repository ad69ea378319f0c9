using RaftLog.Protocol;

namespace RaftLog.Broker.Configuration;

/// <summary>Decides whether a value of a running node may be set so. The words are Kafka's.</summary>
public static class BrokerConfigRules
{
    /// <summary>Checks one key that is to be set on a broker, or on all of them.</summary>
    /// <returns><see cref="ErrorCode.None"/> and null, or <see cref="ErrorCode.InvalidRequest"/> and what is wrong. Unknown keys are fine,
    /// as in Kafka.</returns>
    public static (ErrorCode Error, string? Message) Check(string key, string value)
    {
        if (!ConfigDefinitions.Broker.TryGet(key, out ConfigDefinition? definition))
        {
            return (ErrorCode.None, null);
        }

        if (!definition.IsDynamic)
        {
            return (ErrorCode.InvalidRequest, $"Cannot update these configs dynamically: [{key}]");
        }

        return definition.Check(value) is { } fault ? (ErrorCode.InvalidRequest, fault.ForKey(key)) : (ErrorCode.None, null);
    }
}
