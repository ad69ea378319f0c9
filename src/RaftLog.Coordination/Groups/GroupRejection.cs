using RaftLog.Protocol;

namespace RaftLog.Coordination.Groups;

/// <summary>Why a request is rejected.</summary>
/// <param name="Error">The error code.</param>
/// <param name="Message">The same for people.</param>
internal sealed record GroupRejection(ErrorCode Error, string Message)
{
    /// <summary>What is wrong, for people.</summary>
    public string Message { get; } = ErrorText.InShort(Message);
}
