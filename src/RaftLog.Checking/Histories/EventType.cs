namespace RaftLog.Checking;

/// <summary>What an event says of its operation.</summary>
public enum EventType
{
    /// <summary>It begins.</summary>
    Invoke,

    /// <summary>It was done.</summary>
    Ok,

    /// <summary>It was not done, and never will be.</summary>
    Fail,

    /// <summary>Nobody knows whether it was done. Also what is noted beside operations.</summary>
    Info,
}
