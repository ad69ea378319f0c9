namespace RaftLog.Protocol.Records;

/// <summary>What is wrong with the records of a batch.</summary>
public enum RecordFault : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A number or a record runs over the end of the batch.</summary>
    Truncated,

    /// <summary>The fields of a record do not add up to its length.</summary>
    LengthMismatch,

    /// <summary>A key, value or header has a length that cannot be.</summary>
    BadLength,

    /// <summary>Bytes are left behind the last record.</summary>
    TrailingBytes,

    /// <summary>The offset deltas do not count up from 0 by one.</summary>
    OffsetGap,

    /// <summary>The header's record count is not positive, or not one more than its last offset delta.</summary>
    CountMismatch,

    /// <summary>A control record has no readable key.</summary>
    BadControlKey,

    /// <summary>A record is larger than its reader allows.</summary>
    TooLarge,
}
