using RaftLog.Protocol;

namespace RaftLog.Metadata;

/// <summary>Why the controller does not do what was asked.</summary>
/// <param name="Error">The code for the wire.</param>
/// <param name="Message">The same for people.</param>
internal sealed record ControlError(ErrorCode Error, string Message)
{
    /// <summary>What is said to people.</summary>
    public string Message { get; } = ErrorText.InShort(Message);
}
