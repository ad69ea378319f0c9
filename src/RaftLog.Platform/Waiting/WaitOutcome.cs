namespace RaftLog.Platform.Waiting;

/// <summary>How a wait ended.</summary>
public enum WaitOutcome
{
    /// <summary>What was waited for may have happened: look again.</summary>
    Ready,

    /// <summary>The deadline passed first.</summary>
    Expired,

    /// <summary>The owner is closing: nothing more will happen.</summary>
    Closed,
}
