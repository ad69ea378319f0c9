namespace RaftLog.Storage;

/// <summary>Who made the batches that a leader appends.</summary>
public enum AppendOrigin
{
    /// <summary>A producer: everything is checked.</summary>
    Client = 0,

    /// <summary>
    /// This node's coordinators, their transaction markers, or its Raft leader: built by us, so only producer epochs are checked.
    /// </summary>
    Coordinator = 1,
}
