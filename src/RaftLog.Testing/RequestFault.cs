namespace RaftLog.Testing;

/// <summary>How the next request of an API fails.</summary>
public enum RequestFault
{
    /// <summary>The connection is reset before the node sees the request: nothing is done.</summary>
    LoseRequest,

    /// <summary>The node does what is asked, and the connection is reset instead of a response.</summary>
    LoseResponse,
}
