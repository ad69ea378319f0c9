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
