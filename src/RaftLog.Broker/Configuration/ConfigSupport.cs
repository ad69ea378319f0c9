namespace RaftLog.Broker.Configuration;

/// <summary>What RaftLog makes of a key that Kafka knows.</summary>
public enum ConfigSupport : byte
{
    /// <summary>The key does here what it does in Kafka.</summary>
    Implemented,

    /// <summary>The key is known and has no effect. A warning says so.</summary>
    WithoutEffect,

    /// <summary>Any value but the default is rejected, because ignoring it would break a promise that the operator relies on.</summary>
    Rejected,
}
