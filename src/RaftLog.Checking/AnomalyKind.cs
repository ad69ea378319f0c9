namespace RaftLog.Checking;

/// <summary>The promises that a history can break. The letter and number is the anomaly's name in the documents.</summary>
public enum AnomalyKind
{
    /// <summary>A3: an acknowledged record is not in the final log.</summary>
    LostRecord,

    /// <summary>A2: one value stands at two offsets.</summary>
    Duplicate,

    /// <summary>A1: one offset has held two values.</summary>
    InconsistentOffset,

    /// <summary>A11: two records of one producer stand in the reverse order.</summary>
    ReorderedSend,

    /// <summary>A21: a consumer saw a record that is not in the final log.</summary>
    DirtyRead,

    /// <summary>A5: a record stands in a log, or was seen, although its send was rejected.</summary>
    RejectedRecord,

    /// <summary>A38: a record that nobody sent, or not to this partition.</summary>
    AlienRecord,

    /// <summary>A10: a consumer was given an offset again, or an earlier one, without having asked.</summary>
    NonmonotonicRead,

    /// <summary>A9: a consumer was not given a record although it was given a later one.</summary>
    SkippedRecord,

    /// <summary>A25: two replicas differ below the high watermark.</summary>
    ReplicaDivergence,

    /// <summary>A4: an acknowledged record lies beyond what the final read reached: nothing is known of it.</summary>
    UnseenRecord,

    /// <summary>A7: one poll leaves out a record between two that it gives.</summary>
    SkipInPoll,

    /// <summary>A8: one poll gives an offset again, or an earlier one.</summary>
    NonmonotonicPoll,

    /// <summary>A22: a record was acknowledged at an offset that others had been told of before it was sent.</summary>
    StaleOffset,

    /// <summary>A23: the end of a partition went back.</summary>
    EndRegression,

    /// <summary>A23: the high watermark that a consumer is told of went back within one leadership.</summary>
    HighWatermarkRegression,

    /// <summary>A24: one offset of one leader epoch has held two values, epochs of a log go back, or one epoch had two leaders.</summary>
    EpochReused,

    /// <summary>A26: the sequence numbers of a producer in a log are not consecutive.</summary>
    SequenceGap,

    /// <summary>A27: a broker took a batch whose predecessor it had not.</summary>
    GapAccepted,

    /// <summary>A35: the successful changes of a topic have no order that explains them.</summary>
    NotLinearizable,

    /// <summary>A35: what one node says of a topic goes back in time.</summary>
    MetadataRegression,

    /// <summary>A37: a reader from the beginning of a compacted partition does not see the last record of a key.</summary>
    LostLastValue,

    /// <summary>A38: a consumer was given bytes that nobody wrote.</summary>
    CorruptRecord,

    /// <summary>A39: nothing was acknowledged for longer than promised.</summary>
    Unavailable,

    /// <summary>A40: a process ended, or said something, that it must not.</summary>
    UnexpectedExit,

    /// <summary>A42: a leader acknowledged a record sent after its successor had acknowledged one.</summary>
    LateAcknowledgement,

    /// <summary>A6: a reader of committed records was given one before its transaction was asked to commit.</summary>
    PrecommittedRead,

    /// <summary>A19: some records of a transaction are there, others are not.</summary>
    TornTransaction,

    /// <summary>A28: a producer that was fenced by its successor committed a transaction.</summary>
    ZombieCommit,

    /// <summary>A30: the last stable offset stays behind, although no transaction is open any more.</summary>
    HangingTransaction,

    /// <summary>A32: the commits and reads of an offset of a group have no order that explains them.</summary>
    OffsetNotLinearizable,

    /// <summary>A33: a member of an earlier generation committed after a later one was complete.</summary>
    StaleCommit,

    /// <summary>A33: two members of a group held one partition at a time.</summary>
    DoubleOwnership,

    /// <summary>A34: a record was made into another one twice, not at all, or without that its offset was committed.</summary>
    NotExactlyOnce,

    /// <summary>A36: what transfers took from some accounts is not what they gave to others.</summary>
    MoneyNotConserved,
}
