using RaftLog.Client.Cluster;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Connections;

/// <summary>Requests that one broker alone can answer, or a partition's leader, tried again while the reason passes.</summary>
internal sealed class BrokerCalls(ClientRuntime runtime, ClusterCalls calls, ClusterMetadata metadata)
{
    /// <summary>One request to one broker.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="request">The request.</param>
    /// <param name="errorOf">The error of the response as a whole.</param>
    /// <param name="what">What is asked for, for messages.</param>
    /// <param name="deadline">Until when.</param>
    /// <exception cref="KafkaException">The broker rejected it, or could not be reached in time.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public ValueTask<TResponse> AskAsync<TResponse>(
        NodeId broker,
        IRequest<TResponse> request,
        Func<TResponse, ErrorCode> errorOf,
        string what,
        CallDeadline deadline
    )
        where TResponse : class, IVersionedMessage, new() => AskAsync(_ => ValueTask.FromResult(broker), request, errorOf, what, deadline);

    /// <summary>One request to the leader of a partition, wherever it is by then.</summary>
    /// <inheritdoc cref="AskAsync{TResponse}(NodeId, IRequest{TResponse}, Func{TResponse, ErrorCode}, string, CallDeadline)"/>
    public ValueTask<TResponse> AskLeaderAsync<TResponse>(
        TopicPartition partition,
        IRequest<TResponse> request,
        Func<TResponse, ErrorCode> errorOf,
        string what,
        CallDeadline deadline
    )
        where TResponse : class, IVersionedMessage, new() =>
        AskAsync(
            async until =>
            {
                TopicView topic = await metadata.TopicAsync(partition.Topic, until);
                return (uint)partition.Partition < (uint)topic.Partitions.Count
                    ? topic.Partitions[partition.Partition].Leader
                    : throw new KafkaException(
                        ErrorCode.InvalidPartitions,
                        $"{what}: topic {partition.Topic} has {topic.Partitions.Count} partitions, counting from 0"
                    );
            },
            request,
            errorOf,
            what,
            deadline
        );

    private async ValueTask<TResponse> AskAsync<TResponse>(
        Func<CallDeadline, ValueTask<NodeId>> find,
        IRequest<TResponse> request,
        Func<TResponse, ErrorCode> errorOf,
        string what,
        CallDeadline deadline
    )
        where TResponse : class, IVersionedMessage, new()
    {
        await metadata.FreshAsync(deadline);
        Backoff backoff = runtime.NewBackoff();
        while (true)
        {
            NodeId broker = await find(deadline);
            RpcResult<TResponse> result = await calls.CallAsync(broker, request, deadline);
            (ErrorCode error, string reason) = (ErrorCode.NetworkException, result.Reason);
            if (result.TryGet(out TResponse? response))
            {
                (error, reason) = (errorOf(response), $"node {broker} responded with {errorOf(response)}");
                if (error == ErrorCode.None)
                {
                    return response;
                }
            }
            else if (result.Outcome == RpcOutcome.Unsupported)
            {
                error = ErrorCode.UnsupportedVersion;
            }

            if (!error.IsRetriable() || !await deadline.PauseAsync(backoff.Next()))
            {
                throw new KafkaException(error, $"{what}: {reason}");
            }

            metadata.Invalidate();
            await metadata.FreshAsync(deadline);
        }
    }
}
