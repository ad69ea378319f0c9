namespace RaftLog.Platform.Rpc;

/// <summary>How the reading of a frame ended.</summary>
public enum FrameStatus
{
    /// <summary>A whole frame is here.</summary>
    Complete,

    /// <summary>The peer has closed, or this side has.</summary>
    Closed,

    /// <summary>The connection was reset.</summary>
    Reset,

    /// <summary>The announced length is not positive, or above the limit. Nothing was allocated for it.</summary>
    BadLength,

    /// <summary>The buffer pool has no room for the frame.</summary>
    NoMemory,
}
