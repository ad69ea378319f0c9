namespace RaftLog.Broker.Configuration;

/// <summary>A value that a key could have taken.</summary>
/// <param name="Name">The key that holds it: the same, or an older or broader name.</param>
/// <param name="Value">The value; null for a secret.</param>
/// <param name="Source">Where it comes from.</param>
public readonly record struct ConfigSynonym(string Name, string? Value, ConfigSource Source);
