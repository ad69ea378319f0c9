using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>What a log thinks of an idempotent producer's batch before it is appended.</summary>
/// <param name="Error">None when it may be appended, or is a duplicate.</param>
/// <param name="Message">Why not, for the producer's user.</param>
/// <param name="Duplicate">The batch that this one repeats; null when it is new.</param>
internal readonly record struct SequenceVerdict(ErrorCode Error, string? Message, ProducedBatch? Duplicate)
{
    public static readonly SequenceVerdict Fresh = new(ErrorCode.None, null, null);

    public static SequenceVerdict Repeats(ProducedBatch batch) => new(ErrorCode.None, null, batch);

    public static SequenceVerdict Rejected(ErrorCode error, string message) => new(error, message, null);
}
