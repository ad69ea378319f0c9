using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Admin;

/// <summary>Asks the leaders of partitions for offsets, one request a leader, until each has answered.</summary>
internal sealed class OffsetSearch(ClientRuntime runtime, ClusterCalls calls, MetadataCache metadata)
{
    public async ValueTask<IReadOnlyDictionary<TopicPartition, FoundOffset>> FindAsync(
        IReadOnlyDictionary<TopicPartition, OffsetSpec> partitions, bool readCommitted, Deadline deadline)
    {
        SortedDictionary<TopicPartition, FoundOffset> found = [];
        SortedSet<TopicPartition> missing = [.. partitions.Keys];
        foreach (string topic in missing.Select(p => p.Topic).Distinct(StringComparer.Ordinal))
        {
            await metadata.TopicAsync(topic, deadline);
        }

        Backoff backoff = runtime.NewBackoff();
        while (true)
        {
            (ErrorCode error, string reason) = (ErrorCode.None, "");
            ClusterView view = await metadata.FreshAsync(deadline);
            foreach (IGrouping<NodeId, TopicPartition> group in missing.GroupBy(p => LeaderOf(view, p)).ToList())
            {
                (ErrorCode Error, string Reason) failure = await AskAsync(group.Key, group, view, partitions, readCommitted, deadline, found);
                (error, reason) = failure.Error != ErrorCode.None ? failure : (error, reason);
            }

            missing.ExceptWith(found.Keys);
            if (missing.Count == 0)
            {
                return found;
            }

            if (!error.IsRetriable() || !await deadline.PauseAsync(backoff.Next()))
            {
                throw new KafkaException(error, $"offsets of {missing.Min}: {reason}");
            }

            metadata.Invalidate();
        }
    }

    private static NodeId LeaderOf(ClusterView view, TopicPartition partition) =>
        view.TryGetPartition(partition, out _, out PartitionView? known) ? known.Leader : NodeId.None;

    private async ValueTask<(ErrorCode Error, string Reason)> AskAsync(
        NodeId leader,
        IEnumerable<TopicPartition> group,
        ClusterView view,
        IReadOnlyDictionary<TopicPartition, OffsetSpec> wanted,
        bool readCommitted,
        Deadline deadline,
        SortedDictionary<TopicPartition, FoundOffset> found)
    {
        if (!leader.IsNode)
        {
            return (ErrorCode.LeaderNotAvailable, "the partition has no leader, or does not exist");
        }

        ListOffsetsRequest request = new()
        {
            ReplicaId = NodeId.None,
            IsolationLevel = readCommitted ? (sbyte)1 : (sbyte)0,
            TimeoutMs = (int)runtime.Options.RequestTimeout.TotalMilliseconds,
        };
        foreach (IGrouping<string, TopicPartition> topic in group.GroupBy(p => p.Topic, StringComparer.Ordinal))
        {
            request.Topics.Add(new()
            {
                Name = topic.Key,
                Partitions = topic
                    .Select(p => new ListOffsetsRequest.PartitionData
                    {
                        PartitionIndex = p.Partition,
                        CurrentLeaderEpoch = view.TryGetPartition(p, out _, out PartitionView? known) ? known.LeaderEpoch : LeaderEpoch.None,
                        Timestamp = wanted[p].Timestamp,
                    })
                    .ToList(),
            });
        }

        RpcResult<ListOffsetsResponse> result = await calls.CallAsync(leader, request, deadline.Remaining);
        return result.TryGet(out ListOffsetsResponse? response)
            ? Collect(response, found)
            : (ErrorCode.NetworkException, result.Reason);
    }

    private static (ErrorCode Error, string Reason) Collect(
        ListOffsetsResponse response, SortedDictionary<TopicPartition, FoundOffset> found)
    {
        ErrorCode worst = ErrorCode.None;
        foreach (ListOffsetsResponse.TopicData topic in response.Topics)
        {
            foreach (ListOffsetsResponse.PartitionData partition in topic.Partitions)
            {
                if (partition.ErrorCode == ErrorCode.None)
                {
                    found[new TopicPartition(topic.Name, partition.PartitionIndex)] =
                        new FoundOffset(partition.Offset, partition.Timestamp, partition.LeaderEpoch);
                }
                else if (worst == ErrorCode.None || worst.IsRetriable())
                {
                    worst = partition.ErrorCode;
                }
            }
        }

        return (worst, worst == ErrorCode.None ? "the answer left the partition out" : $"the leader answered {worst}");
    }
}
