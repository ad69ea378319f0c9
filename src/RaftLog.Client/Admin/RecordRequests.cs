using RaftLog.Client.Connections;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Admin;

/// <summary>Offsets and records of partitions, each asked of its leader.</summary>
internal sealed class RecordRequests(ClientRuntime runtime, OffsetSearch offsets, BrokerCalls brokers)
{
    /// <inheritdoc cref="KafkaAdmin.ListOffsetsAsync"/>
    public async ValueTask<IReadOnlyDictionary<TopicPartition, FoundOffset>> ListOffsetsAsync(
        IReadOnlyDictionary<TopicPartition, OffsetSpec> partitions,
        bool readCommitted = false,
        CancellationToken cancel = default
    )
    {
        SortedDictionary<TopicPartition, FoundOffset> found = [];
        foreach ((TopicPartition partition, SearchResult result) in await offsets.FindAsync(partitions, readCommitted, NewDeadline(cancel)))
        {
            found.Add(partition, result.Failure is { } failure ? throw failure : result.Found);
        }

        return found;
    }

    /// <inheritdoc cref="KafkaAdmin.DeleteRecordsAsync"/>
    public async ValueTask<IReadOnlyDictionary<TopicPartition, Offset>> DeleteRecordsAsync(
        IReadOnlyDictionary<TopicPartition, Offset> before,
        CancellationToken cancel = default
    )
    {
        SortedDictionary<TopicPartition, Offset> begin = [];
        CallDeadline deadline = NewDeadline(cancel);
        foreach ((TopicPartition partition, Offset offset) in before)
        {
            DeleteRecordsRequest request = new()
            {
                TimeoutMs = (int)runtime.Options.RequestTimeout.TotalMilliseconds,
                Topics = [new() { Name = partition.Topic, Partitions = [new() { PartitionIndex = partition.Partition, Offset = offset }] }],
            };
            DeleteRecordsResponse response = await brokers.AskLeaderAsync(
                partition,
                request,
                static r => r.Topics[0].Partitions[0].ErrorCode,
                $"delete records of {partition} before {offset}",
                deadline
            );
            begin[partition] = response.Topics[0].Partitions[0].LowWatermark;
        }

        return begin;
    }

    private CallDeadline NewDeadline(CancellationToken cancel) => new(runtime.Waiters, runtime.Options.CallTimeout, cancel);
}
