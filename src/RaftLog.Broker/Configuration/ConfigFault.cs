namespace RaftLog.Broker.Configuration;

/// <summary>Why a value is not one for its key.</summary>
/// <param name="Shown">The value as Kafka shows it: a number after parsing, a list in brackets.</param>
/// <param name="Reason">What is wrong, in Kafka's words.</param>
public readonly record struct ConfigFault(string Shown, string Reason)
{
    /// <summary>The text that Kafka answers with.</summary>
    public string ForKey(string name) => $"Invalid value {Shown} for configuration {name}: {Reason}";
}
