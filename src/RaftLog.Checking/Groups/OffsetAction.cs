namespace RaftLog.Checking;

/// <summary>What is done with the offsets of a group.</summary>
public enum OffsetAction
{
    /// <summary>A member commits an offset.</summary>
    Commit,

    /// <summary>Somebody reads the committed offset.</summary>
    Read,

    /// <summary>A member is told its part of a generation: earlier ones are over. It is about no partition.</summary>
    Join,
}
