using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>What became of one request.</summary>
/// <typeparam name="TResponse">The type of the response.</typeparam>
/// <param name="Response">The response; null without one.</param>
/// <param name="Error">The error that it tells; <see cref="ErrorCode.NetworkException"/> without a response.</param>
/// <param name="WasSent">False when the request has not left, so that nothing can have happened.</param>
internal readonly record struct CallResult<TResponse>(TResponse? Response, ErrorCode Error, bool WasSent)
    where TResponse : class
{
    /// <summary>True when it was done.</summary>
    internal bool IsDone => Error == ErrorCode.None && Response is not null;

    /// <summary>
    /// True when it may have been done, or may still be. An office that was lost meanwhile proves nothing: what was decided before may
    /// stand in the log.
    /// </summary>
    internal bool IsOpen =>
        WasSent
        && (
            Response is null
            || Error
                is ErrorCode.NotCoordinator
                    or ErrorCode.CoordinatorNotAvailable
                    or ErrorCode.RequestTimedOut
                    or ErrorCode.UnknownServerError
                    or ErrorCode.NotLeaderOrFollower
                    or ErrorCode.NotEnoughReplicasAfterAppend
                    or ErrorCode.KafkaStorageError
        );
}
