namespace RaftLog.Protocol.Records;

/// <summary>What the timestamps of a batch mean (KIP-32).</summary>
public enum TimestampType : byte
{
    /// <summary>The producer set a timestamp for each record.</summary>
    CreateTime = 0,

    /// <summary>The broker set one timestamp for the whole batch: its maximum timestamp.</summary>
    LogAppendTime = 1,
}
