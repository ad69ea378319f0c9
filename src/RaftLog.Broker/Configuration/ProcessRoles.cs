namespace RaftLog.Broker.Configuration;

/// <summary>What a node is (<c>process.roles</c>, KIP-500).</summary>
[Flags]
public enum ProcessRoles : byte
{
    None = 0,

    /// <summary>It holds partitions and serves clients.</summary>
    Broker = 1,

    /// <summary>It votes in the metadata quorum and may lead it.</summary>
    Controller = 2,
}
