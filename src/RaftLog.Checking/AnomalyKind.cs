namespace RaftLog.Checking;

/// <summary>The promises that a history can break.</summary>
public enum AnomalyKind
{
    /// <summary>An acknowledged record is not in the final log.</summary>
    LostRecord,

    /// <summary>One value stands at two offsets.</summary>
    Duplicate,

    /// <summary>One offset has held two values.</summary>
    InconsistentOffset,

    /// <summary>Two records of one producer stand in the reverse order.</summary>
    ReorderedSend,

    /// <summary>A consumer saw a record that is not in the final log.</summary>
    DirtyRead,

    /// <summary>A record stands in a log although its send was refused.</summary>
    RefusedRecord,

    /// <summary>A record that nobody sent, or not to this partition.</summary>
    AlienRecord,

    /// <summary>A consumer was given an offset again, or an earlier one, without having asked.</summary>
    NonmonotonicRead,

    /// <summary>A consumer was not given a record although it was given a later one.</summary>
    SkippedRecord,

    /// <summary>Two replicas differ below the high watermark.</summary>
    ReplicaDivergence,
}
