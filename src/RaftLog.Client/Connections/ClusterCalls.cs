using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Connections;

/// <summary>Requests that any broker can answer, tried again at the next one until somebody does or the time is over.</summary>
internal sealed class ClusterCalls(ClientRuntime runtime, ConnectionSet connections)
{
    /// <summary>One request to one broker, once.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<RpcResult<TResponse>> CallAsync<TResponse>(
        NodeId node,
        IRequest<TResponse> request,
        CallDeadline deadline,
        short highestVersion = short.MaxValue,
        TimeSpan? timeout = null
    )
        where TResponse : class, IVersionedMessage, new()
    {
        RpcConnectResult opened = await connections.OpenAsync(node, deadline);
        return opened.Channel is { } channel
            ? await CallAsync(channel, request, deadline, highestVersion, timeout ?? runtime.Options.RequestTimeout)
            : RpcResult<TResponse>.Failed(RpcOutcome.Disconnected, opened.Reason);
    }

    /// <summary>
    /// The level of a feature that a broker had finalized when its connection was opened, 0 for none; null when it cannot be reached.
    /// </summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<short?> TryFeatureLevelAsync(NodeId node, string feature, CallDeadline deadline) =>
        (await connections.OpenAsync(node, deadline)).Channel?.Versions.FeatureLevel(feature);

    /// <summary>One request to any broker.</summary>
    /// <param name="request">The request.</param>
    /// <param name="errorOf">The error of the response as a whole; a retriable one is tried again.</param>
    /// <param name="deadline">Until when.</param>
    /// <param name="highestVersion">Where to stop below that version.</param>
    /// <exception cref="KafkaException">Nobody answered in time, nobody serves the API, or the connections are closed.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<TResponse> CallAnyAsync<TResponse>(
        IRequest<TResponse> request,
        Func<TResponse, ErrorCode> errorOf,
        CallDeadline deadline,
        short highestVersion = short.MaxValue
    )
        where TResponse : class, IVersionedMessage, new()
    {
        Backoff backoff = runtime.NewBackoff();
        for (int attempt = 0; ; attempt++)
        {
            RpcConnectResult opened = await connections.OpenAnyAsync(attempt, deadline);
            string reason = opened.Reason;
            ErrorCode error = ErrorCode.NetworkException;
            if (opened.Channel is { } channel && !deadline.HasPassed)
            {
                RpcResult<TResponse> result = await CallAsync(channel, request, deadline, highestVersion, runtime.Options.RequestTimeout);
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
            else if (opened.Channel is not null)
            {
                reason = $"connecting took all of {deadline.Timeout.TotalMilliseconds} ms";
            }

            // The last word of a failed call is why the last attempt failed, not that time is over.
            if (error == ErrorCode.UnsupportedVersion || connections.IsDisposed || !await deadline.PauseAsync(backoff.Next()))
            {
                throw new KafkaException(error, runtime.Failure ?? $"{request.Api} failed after {attempt + 1} attempts: {reason}");
            }
        }
    }

    private async ValueTask<RpcResult<TResponse>> CallAsync<TResponse>(
        RpcChannel channel,
        IRequest<TResponse> request,
        CallDeadline deadline,
        short highestVersion,
        TimeSpan timeout
    )
        where TResponse : class, IVersionedMessage, new()
    {
        VersionNeed? need = VersionNeed.Of(request);
        if (need is not null && !(channel.Versions.TryChoose(request.Api, highestVersion, out short version) && version >= need.Lowest))
        {
            return RpcResult<TResponse>.Failed(
                RpcOutcome.Unsupported,
                $"{channel.Peer} {channel.Versions.Describe(request.Api)}; {need.For} needs version {need.Lowest}, which Kafka serves "
                    + $"since {need.Since}"
            );
        }

        RpcResult<TResponse> result = await channel.CallAsync(request, deadline.AtMost(timeout), highestVersion, deadline.Cancel);
        deadline.Cancel.ThrowIfCancellationRequested();
        return result;
    }
}
