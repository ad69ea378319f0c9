using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Admin;

/// <summary>
/// Moves partitions between brokers (KIP-455). What fails for a passing reason is tried again until
/// <see cref="ClientOptions.CallTimeout"/>.
/// </summary>
public sealed class ReassignmentAdmin
{
    private readonly ClientRuntime _runtime;
    private readonly ClusterCalls _calls;

    internal ReassignmentAdmin(ClientRuntime runtime, ClusterCalls calls)
    {
        _runtime = runtime;
        _calls = calls;
    }

    /// <summary>The partitions that are being moved, by topic and index.</summary>
    /// <exception cref="KafkaException">The cluster rejected the request, or cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<Reassignment>> ListAsync(CancellationToken cancel = default)
    {
        ListPartitionReassignmentsResponse response = await _calls.CallAnyAsync(
            new ListPartitionReassignmentsRequest { TimeoutMs = TimeoutMs },
            static r => r.ErrorCode,
            NewDeadline(cancel)
        );
        Check(response.ErrorCode, response.ErrorMessage);
        return
        [
            .. response
                .Topics.SelectMany(topic =>
                    topic.Partitions.Select(each => new Reassignment(
                        new TopicPartition(topic.Name, each.PartitionIndex),
                        each.Replicas,
                        each.AddingReplicas,
                        each.RemovingReplicas
                    ))
                )
                .OrderBy(each => each.Partition.Topic, StringComparer.Ordinal)
                .ThenBy(each => each.Partition.Partition),
        ];
    }

    /// <summary>Begins to move partitions, or stops moves that are under way. The response comes before the copies are made.</summary>
    /// <param name="targets">For each partition the brokers that shall hold it, the preferred leader first; null to stop its move.</param>
    /// <exception cref="KafkaException">The cluster rejected the request as a whole, or cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<ItemResult<TopicPartition>>> AlterAsync(
        IReadOnlyDictionary<TopicPartition, IReadOnlyList<NodeId>?> targets,
        CancellationToken cancel = default
    )
    {
        AlterPartitionReassignmentsRequest request = new()
        {
            TimeoutMs = TimeoutMs,
            Topics =
            [
                .. targets
                    .GroupBy(each => each.Key.Topic, StringComparer.Ordinal)
                    .Select(topic => new AlterPartitionReassignmentsRequest.ReassignableTopic
                    {
                        Name = topic.Key,
                        Partitions =
                        [
                            .. topic.Select(each => new AlterPartitionReassignmentsRequest.ReassignablePartition
                            {
                                PartitionIndex = each.Key.Partition,
                                Replicas = each.Value?.ToList(),
                            }),
                        ],
                    }),
            ],
        };
        AlterPartitionReassignmentsResponse response = await _calls.CallAnyAsync(request, static r => r.ErrorCode, NewDeadline(cancel));
        Check(response.ErrorCode, response.ErrorMessage);
        return
        [
            .. response.Responses.SelectMany(topic =>
                topic.Partitions.Select(each =>
                    ItemResult<TopicPartition>.From(new TopicPartition(topic.Name, each.PartitionIndex), each.ErrorCode, each.ErrorMessage)
                )
            ),
        ];
    }

    private int TimeoutMs => (int)_runtime.Options.RequestTimeout.TotalMilliseconds;

    private static void Check(ErrorCode error, string? message)
    {
        if (error != ErrorCode.None)
        {
            throw new KafkaException(error, $"reassign partitions: {message ?? $"rejected with {error}"}");
        }
    }

    private CallDeadline NewDeadline(CancellationToken cancel) => new(_runtime.Waiters, _runtime.Options.CallTimeout, cancel);
}
