namespace RaftLog.Broker.Partitions;

/// <summary>What somebody waits for.</summary>
internal enum Awaited : byte
{
    /// <summary>The whole in-sync set has the records.</summary>
    Commit,

    /// <summary>This node has them on disk.</summary>
    LocalFlush,

    /// <summary>No log of the in-sync set begins below the offset.</summary>
    Deletion,
}
