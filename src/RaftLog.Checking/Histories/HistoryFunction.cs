namespace RaftLog.Checking;

/// <summary>What an operation of a history does; the name stands in its lines.</summary>
public enum HistoryFunction
{
    /// <summary>Sends a record.</summary>
    Send,

    /// <summary>Reads what comes next.</summary>
    Poll,

    /// <summary>Reads a part of the whole log after all has healed.</summary>
    Final,

    /// <summary>Asks for the end of a partition.</summary>
    End,

    /// <summary>Asks for the leader of a partition.</summary>
    Leader,

    /// <summary>A request about a topic.</summary>
    Metadata,

    /// <summary>An incarnation of a transactional producer got its id.</summary>
    Session,

    /// <summary>A transaction, and how it ended. Its records are sends that name it.</summary>
    Transaction,

    /// <summary>A commit or a read of an offset of a group, or a generation that a member was told.</summary>
    GroupOffset,

    /// <summary>A time in which a member held a partition.</summary>
    Ownership,

    /// <summary>How far a partition is decided and committed at the end.</summary>
    Stable,

    /// <summary>How far a pipeline has committed a partition at the end.</summary>
    Pipeline,

    /// <summary>A fault begins (invoke) or ends (ok).</summary>
    Fault,

    /// <summary>A time in which something had to be acknowledged.</summary>
    Promise,

    /// <summary>A reader was given bytes that nobody wrote.</summary>
    Corrupt,

    /// <summary>A process ended that nobody had ended.</summary>
    Exit,

    /// <summary>Whether the final read reached the end of every partition: ok or info. Without this line it did not.</summary>
    FinalRead,

    /// <summary>Something for people.</summary>
    Note,
}
