namespace RaftLog.Platform.Rpc;

/// <summary>How a call over a channel ended.</summary>
public enum RpcOutcome
{
    /// <summary>The response is here. What it says may still be an error.</summary>
    Responded,

    /// <summary>
    /// No response by the deadline. The channel takes no more calls; those that wait already keep their own deadlines. The peer may have
    /// done what was asked.
    /// </summary>
    TimedOut,

    /// <summary>The connection was closed or reset before the response came. The peer may have done what was asked.</summary>
    Disconnected,

    /// <summary>The peer sent something that is not the response. The channel has ended.</summary>
    Malformed,

    /// <summary>The peer does not speak a version of this API that this side speaks too. Nothing was sent.</summary>
    Unsupported,

    /// <summary>Too many requests wait for a response. Nothing was sent.</summary>
    Busy,

    /// <summary>The caller gave the call up. The peer may have done what was asked.</summary>
    Cancelled,
}
