using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Admin;

/// <summary>
/// The log directories of brokers, and moves of replicas between them (KIP-113). What fails for a passing reason is tried again until
/// <see cref="ClientOptions.CallTimeout"/>.
/// </summary>
public sealed class LogDirAdmin
{
    private readonly ClientRuntime _runtime;
    private readonly ClusterCalls _calls;
    private readonly ClusterMetadata _metadata;

    internal LogDirAdmin(ClientRuntime runtime, ClusterCalls calls, ClusterMetadata metadata)
    {
        _runtime = runtime;
        _calls = calls;
        _metadata = metadata;
    }

    /// <summary>The directories of a broker, with what lies in them.</summary>
    /// <exception cref="KafkaException">The broker rejected, or cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<LogDirView>> DescribeAsync(NodeId broker, CancellationToken cancel = default)
    {
        DescribeLogDirsResponse response = await CallAsync(
            broker,
            new DescribeLogDirsRequest { Topics = null },
            "describe the log directories",
            cancel
        );
        return response.ErrorCode != ErrorCode.None
            ? throw new KafkaException(response.ErrorCode, $"describe the log directories of broker {broker}: rejected")
            :
            [
                .. response.Results.Select(each => new LogDirView(
                    each.LogDir,
                    each.ErrorCode,
                    each.TotalBytes,
                    each.UsableBytes,
                    each.IsCordoned,
                    [
                        .. each.Topics.SelectMany(topic =>
                            topic.Partitions.Select(replica => new LogDirReplica(
                                new TopicPartition(topic.Name, replica.PartitionIndex),
                                replica.PartitionSize,
                                replica.OffsetLag,
                                replica.IsFutureKey
                            ))
                        ),
                    ]
                )),
            ];
    }

    /// <summary>Begins to move replicas of a broker to one of its log directories. The response comes before the copies are made.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="directory">The directory's absolute path.</param>
    /// <param name="partitions">Whose replicas.</param>
    /// <exception cref="KafkaException">The broker cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<ItemResult<TopicPartition>>> MoveAsync(
        NodeId broker,
        string directory,
        IReadOnlyList<TopicPartition> partitions,
        CancellationToken cancel = default
    )
    {
        AlterReplicaLogDirsRequest request = new()
        {
            Dirs =
            [
                new()
                {
                    Path = directory,
                    Topics =
                    [
                        .. partitions
                            .GroupBy(each => each.Topic, StringComparer.Ordinal)
                            .Select(topic => new AlterReplicaLogDirsRequest.AlterReplicaLogDirTopic
                            {
                                Name = topic.Key,
                                Partitions = [.. topic.Select(each => each.Partition)],
                            }),
                    ],
                },
            ],
        };
        AlterReplicaLogDirsResponse response = await CallAsync(broker, request, "move replicas", cancel);
        return
        [
            .. response.Results.SelectMany(topic =>
                topic.Partitions.Select(each =>
                    ItemResult<TopicPartition>.From(new TopicPartition(topic.TopicName, each.PartitionIndex), each.ErrorCode, null)
                )
            ),
        ];
    }

    private async ValueTask<TResponse> CallAsync<TResponse>(
        NodeId broker,
        IRequest<TResponse> request,
        string what,
        CancellationToken cancel
    )
        where TResponse : class, IVersionedMessage, new()
    {
        CallDeadline deadline = new(_runtime.Waiters, _runtime.Options.CallTimeout, cancel);
        await _metadata.FreshAsync(deadline);
        Backoff backoff = _runtime.NewBackoff();
        while (true)
        {
            RpcResult<TResponse> result = await _calls.CallAsync(broker, request, deadline);
            if (result.TryGet(out TResponse? response))
            {
                return response;
            }

            if (!await deadline.PauseAsync(backoff.Next()))
            {
                throw new KafkaException(ErrorCode.NetworkException, $"{what} of broker {broker}: {result.Reason}");
            }
        }
    }
}
