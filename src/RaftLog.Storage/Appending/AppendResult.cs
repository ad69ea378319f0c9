using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>What became of an append.</summary>
public readonly record struct AppendResult
{
    /// <summary>None when the records are in the log: newly, or because they are duplicates of records that are.</summary>
    public ErrorCode Error { get; init; }

    /// <summary>Why the append was rejected, for the producer's user; null when it was not.</summary>
    public string? Message { get; init; }

    /// <summary>Which records were at fault, where single ones are known (KIP-467).</summary>
    public IReadOnlyList<RecordError>? RecordErrors { get; init; }

    /// <summary>The offset of the first record; of the first batch that was new, for a follower.</summary>
    public Offset BaseOffset { get; init; }

    /// <summary>
    /// The offset of the last record. Who must wait for the records to be committed waits for this offset to be, also when
    /// <see cref="IsDuplicate"/>: the first copy need not be committed yet.
    /// </summary>
    public Offset LastOffset { get; init; }

    /// <summary>
    /// The leader's time given to the records in milliseconds; -1 when they keep the producer's. Of a duplicate, its largest timestamp.
    /// </summary>
    public long AppendTimeMs { get; init; }

    /// <summary>The log's first offset.</summary>
    public Offset LogStartOffset { get; init; }

    /// <summary>True when the records were in the log already: the producer retries what had succeeded.</summary>
    public bool IsDuplicate { get; init; }

    /// <summary>True when nothing stands against the records.</summary>
    public bool IsAccepted => Error == ErrorCode.None;

    /// <summary>A rejection.</summary>
    public static AppendResult Rejected(ErrorCode error, string message, IReadOnlyList<RecordError>? recordErrors = null) =>
        new()
        {
            Error = error,
            Message = message,
            RecordErrors = recordErrors,
            BaseOffset = Offset.None,
            LastOffset = Offset.None,
            AppendTimeMs = -1,
            LogStartOffset = Offset.None,
        };
}

/// <summary>What is wrong with one record of a rejected batch (KIP-467).</summary>
/// <param name="Index">The record's place in the batch, from 0.</param>
/// <param name="Message">What is wrong with it.</param>
public readonly record struct RecordError(int Index, string Message);
