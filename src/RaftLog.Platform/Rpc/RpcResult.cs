using System.Diagnostics.CodeAnalysis;
using RaftLog.Platform.Buffers;

namespace RaftLog.Platform.Rpc;

/// <summary>
/// The end of a call. A leased one holds the frame that the response's <c>bytes</c> and <c>records</c> are slices of: <see cref="Dispose"/>
/// it exactly once when they are no longer read. For the others disposing does nothing.
/// </summary>
/// <typeparam name="TResponse">The response.</typeparam>
public readonly struct RpcResult<TResponse> : IDisposable
    where TResponse : class
{
    private readonly PooledBuffer? _frame;

    private RpcResult(RpcOutcome outcome, TResponse? response, string reason, PooledBuffer? frame)
    {
        Outcome = outcome;
        Response = response;
        Reason = reason;
        _frame = frame;
    }

    /// <summary>How it ended.</summary>
    public RpcOutcome Outcome { get; }

    /// <summary>The response when answered, else null.</summary>
    public TResponse? Response { get; }

    /// <summary>Why there is no response, for people; empty when answered.</summary>
    public string Reason { get; }

    /// <summary>The number of bytes of a leased frame, else 0.</summary>
    public int LeasedBytes => _frame?.Length ?? 0;

    /// <summary>An answered call.</summary>
    public static RpcResult<TResponse> Responded(TResponse response, PooledBuffer? frame = null) =>
        new(RpcOutcome.Responded, response, "", frame);

    /// <summary>A call without a response.</summary>
    public static RpcResult<TResponse> Failed(RpcOutcome outcome, string reason) => new(outcome, null, reason, null);

    /// <summary>True with the response when answered.</summary>
    public bool TryGet([NotNullWhen(true)] out TResponse? response)
    {
        response = Response;
        return response is not null;
    }

    /// <summary>Gives a leased frame back.</summary>
    public void Dispose() => _frame?.Release();
}
