namespace RaftLog.Metadata;

/// <summary>Whether a partition's leader has everything that was acknowledged (KIP-704).</summary>
public enum LeaderRecoveryState : sbyte
{
    /// <summary>The leader came from the in-sync set, or has finished its recovery.</summary>
    Recovered = 0,

    /// <summary>The leader was elected from outside the in-sync set and has not yet finished its recovery.</summary>
    Recovering = 1,
}
