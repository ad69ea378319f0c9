using RaftLog.Protocol;

namespace RaftLog.Broker.Runtime;

/// <summary>A request that waits for a decision: it gets a response, or an error. What comes after the first is passed over.</summary>
internal abstract class PendingDecision
{
    /// <summary>Ends the wait with the response.</summary>
    public abstract void Respond(object response);

    /// <summary>Ends the wait with an error of the runtime.</summary>
    public abstract void Reject(ErrorCode error);
}

/// <summary>A request whose handler awaits the response.</summary>
/// <typeparam name="TResponse">The response.</typeparam>
/// <param name="reject">Makes the response that carries an error.</param>
internal sealed class PendingDecision<TResponse>(Func<ErrorCode, TResponse> reject) : PendingDecision
{
    private readonly TaskCompletionSource<TResponse> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Ends with the response.</summary>
    public Task<TResponse> Response => _done.Task;

    public override void Respond(object response) => _done.TrySetResult((TResponse)response);

    public override void Reject(ErrorCode error) => _done.TrySetResult(reject(error));
}
