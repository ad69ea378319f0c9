namespace RaftLog.Protocol.Records;

/// <summary>What stands at the start of a buffer that should hold a record batch.</summary>
public enum BatchStatus : byte
{
    /// <summary>A whole batch of the current format.</summary>
    Complete,

    /// <summary>Nothing: the buffer is empty.</summary>
    End,

    /// <summary>A batch whose rest is missing: a torn write, or a fetch that ended at its byte limit.</summary>
    Torn,

    /// <summary>A length that no batch can have.</summary>
    BadLength,

    /// <summary>A message set of format 0 or 1, which brokers since Kafka 4.0 take from nobody.</summary>
    OldFormat,

    /// <summary>A format that does not exist.</summary>
    UnknownFormat,
}
