using RaftLog.Protocol;

namespace RaftLog.Client;

/// <summary>The cluster rejected a request, or could not be reached in time.</summary>
/// <param name="code">The protocol's error code; <see cref="ErrorCode.NetworkException"/> and <see cref="ErrorCode.RequestTimedOut"/> also
/// stand for failures on the way.</param>
/// <param name="message">What was asked, and why it did not work.</param>
public sealed class KafkaException(ErrorCode code, string message) : Exception($"{message} ({code})")
{
    /// <summary>The protocol's error code.</summary>
    public ErrorCode Code { get; } = code;

    /// <summary>True when the same call may succeed later.</summary>
    public bool IsRetriable => Code.IsRetriable() && !NeedsAbort && !IsFatal;

    /// <summary>True when the open transaction can only be aborted; then its producer goes on.</summary>
    public bool NeedsAbort { get; init; }

    /// <summary>
    /// True when the producer can only be closed: another one with its transactional id has taken over, or it is not allowed to go on.
    /// </summary>
    public bool IsFatal { get; init; }
}
