namespace RaftLog.Client.Admin;

/// <summary>A change of one configuration value (KIP-339).</summary>
/// <param name="Resource">Of what.</param>
/// <param name="Key">The key.</param>
/// <param name="Operation">What to do.</param>
/// <param name="Value">The value; null to delete.</param>
public readonly record struct ConfigChange(ConfigResource Resource, string Key, ConfigOperation Operation, string? Value);

/// <summary>What a change does; the number stands on the wire.</summary>
public enum ConfigOperation : sbyte
{
    Set = 0,
    Delete = 1,
    Append = 2,
    Subtract = 3,
}
