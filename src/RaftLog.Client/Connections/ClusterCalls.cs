using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Connections;

/// <summary>Requests that any broker can answer, tried again at the next one until somebody does or the time is over.</summary>
internal sealed class ClusterCalls(ClientRuntime runtime, ConnectionTable connections)
{
    /// <summary>One request to one broker, once.</summary>
    public async ValueTask<RpcResult<TResponse>> CallAsync<TResponse>(
        NodeId node, IRequest<TResponse> request, TimeSpan timeout, short highestVersion = short.MaxValue)
        where TResponse : class, IVersionedMessage, new()
    {
        RpcConnectResult opened = await connections.OpenAsync(node);
        return opened.Channel is { } channel
            ? await channel.CallAsync(request, timeout, highestVersion)
            : RpcResult<TResponse>.Failed(RpcOutcome.Disconnected, opened.Reason);
    }

    /// <summary>One request to any broker.</summary>
    /// <param name="request">The request.</param>
    /// <param name="errorOf">The error of the answer as a whole; a retriable one is tried again.</param>
    /// <param name="deadline">Until when.</param>
    /// <exception cref="KafkaException">Nobody answered in time, or nobody serves the API.</exception>
    public async ValueTask<TResponse> CallAnyAsync<TResponse>(
        IRequest<TResponse> request, Func<TResponse, ErrorCode> errorOf, Deadline deadline)
        where TResponse : class, IVersionedMessage, new()
    {
        Backoff backoff = runtime.NewBackoff();
        for (int attempt = 0; ; attempt++)
        {
            RpcConnectResult opened = await connections.OpenAnyAsync(attempt);
            string reason = opened.Reason;
            ErrorCode error = ErrorCode.NetworkException;
            if (opened.Channel is { } channel)
            {
                TimeSpan timeout = deadline.Remaining < runtime.Options.RequestTimeout ? deadline.Remaining : runtime.Options.RequestTimeout;
                RpcResult<TResponse> result = await channel.CallAsync(request, timeout);
                if (result.TryGet(out TResponse? response))
                {
                    error = errorOf(response);
                    if (!error.IsRetriable())
                    {
                        return response;
                    }

                    reason = $"{channel.Peer} answered {error}";
                }
                else
                {
                    reason = result.Reason;
                    error = result.Outcome == RpcOutcome.Unsupported ? ErrorCode.UnsupportedVersion : ErrorCode.NetworkException;
                }
            }

            // The last word of a failed call is why the last attempt failed, not that time is over.
            if (error == ErrorCode.UnsupportedVersion || !await deadline.PauseAsync(backoff.Next()))
            {
                throw new KafkaException(error, runtime.Failure ?? $"{request.Api} failed after {attempt + 1} attempts: {reason}");
            }
        }
    }
}
