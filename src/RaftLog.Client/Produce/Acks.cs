namespace RaftLog.Client.Produce;

/// <summary>When a record counts as produced (acks); the number stands on the wire.</summary>
public enum Acks : short
{
    /// <summary>When every in-sync replica has it.</summary>
    All = -1,

    /// <summary>When it has been sent. Nothing says whether it arrived, and there are no offsets.</summary>
    None = 0,

    /// <summary>When the leader has it. A failure of the leader may still lose it.</summary>
    Leader = 1,
}
