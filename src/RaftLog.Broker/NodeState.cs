namespace RaftLog.Broker;

/// <summary>How far a node has come.</summary>
public enum NodeState
{
    /// <summary>Its logs are being opened and recovered.</summary>
    Recovering,

    /// <summary>It looks for the quorum's leader and reads the metadata log.</summary>
    Joining,

    /// <summary>It serves clients.</summary>
    Running,

    /// <summary>It hands its leaderships over and stops.</summary>
    Stopping,

    /// <summary>It has stopped.</summary>
    Stopped,
}
