using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Admin;

/// <summary>What became of the search in one partition.</summary>
/// <param name="Found">What was found.</param>
/// <param name="Failure">Why nothing could be found, or null.</param>
internal readonly record struct SearchResult(FoundOffset Found, KafkaException? Failure);

/// <summary>Asks the leaders of partitions for offsets, one request a leader, until each has answered for each.</summary>
internal sealed class OffsetSearch(ClientRuntime runtime, ClusterCalls calls, ClusterMetadata metadata)
{
    /// <summary>Searches partitions, whose topics are asked for first. Ends with a result for each of them.</summary>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<SortedDictionary<TopicPartition, SearchResult>> FindAsync(
        IReadOnlyDictionary<TopicPartition, OffsetSpec> partitions,
        bool readCommitted,
        CallDeadline deadline
    )
    {
        SortedDictionary<TopicPartition, SearchResult> results = [];
        SortedDictionary<TopicPartition, (ErrorCode Error, string Reason)> missing = [];
        foreach (TopicPartition partition in partitions.Keys)
        {
            missing.Add(partition, (ErrorCode.RequestTimedOut, "nobody was asked in time"));
        }

        Backoff backoff = runtime.NewBackoff();
        bool hasTime;
        do
        {
            await AskAllAsync(partitions, readCommitted, deadline, missing, results);
            if (missing.Count == 0)
            {
                return results;
            }

            metadata.Invalidate();
            hasTime = await deadline.PauseAsync(backoff.Next());
        } while (hasTime);

        foreach ((TopicPartition partition, (ErrorCode error, string reason)) in missing)
        {
            results[partition] = Failed(partition, error, reason);
        }

        return results;
    }

    private async ValueTask AskAllAsync(
        IReadOnlyDictionary<TopicPartition, OffsetSpec> wanted,
        bool readCommitted,
        CallDeadline deadline,
        SortedDictionary<TopicPartition, (ErrorCode Error, string Reason)> missing,
        SortedDictionary<TopicPartition, SearchResult> results
    )
    {
        ClusterView view;
        try
        {
            view = await metadata.WithTopicsAsync(missing.Keys.Select(partition => partition.Topic), deadline);
        }
        catch (KafkaException e)
        {
            foreach (TopicPartition partition in missing.Keys.ToList())
            {
                missing[partition] = (e.Code, e.Message);
            }

            return;
        }

        foreach (IGrouping<NodeId, TopicPartition> group in missing.Keys.GroupBy(partition => LeaderOf(view, partition)).ToList())
        {
            if (!group.Key.IsNode)
            {
                foreach (TopicPartition partition in group)
                {
                    ErrorCode error = view.TryGetTopic(partition.Topic, out TopicView? topic)
                        ? topic.Error
                        : ErrorCode.UnknownTopicOrPartition;
                    missing[partition] =
                        error == ErrorCode.None
                            ? (ErrorCode.LeaderNotAvailable, "the partition has no leader, or does not exist")
                            : (error, UnusableTopic.Because(partition.Topic, error));
                    if (!missing[partition].Error.IsRetriable())
                    {
                        results[partition] = Failed(partition, error, missing[partition].Reason);
                        missing.Remove(partition);
                    }
                }

                continue;
            }

            ListOffsetsRequest request = ToRequest(group, view, wanted, readCommitted);
            RpcResult<ListOffsetsResponse> result = await calls.CallAsync(group.Key, request, deadline);
            if (result.TryGet(out ListOffsetsResponse? response))
            {
                Collect(response, missing, results);
            }
            else if (result.Outcome == RpcOutcome.Unsupported)
            {
                foreach (TopicPartition partition in group)
                {
                    results[partition] = Failed(partition, ErrorCode.UnsupportedVersion, result.Reason);
                    missing.Remove(partition);
                }
            }
            else
            {
                foreach (TopicPartition partition in group)
                {
                    missing[partition] = (ErrorCode.NetworkException, result.Reason);
                }
            }
        }
    }

    private static NodeId LeaderOf(ClusterView view, TopicPartition partition) =>
        view.TryGetPartition(partition, out _, out PartitionView? known) ? known.Leader : NodeId.None;

    private ListOffsetsRequest ToRequest(
        IEnumerable<TopicPartition> group,
        ClusterView view,
        IReadOnlyDictionary<TopicPartition, OffsetSpec> wanted,
        bool readCommitted
    )
    {
        ListOffsetsRequest request = new()
        {
            ReplicaId = NodeId.None,
            IsolationLevel = readCommitted ? (sbyte)1 : (sbyte)0,
            TimeoutMs = (int)runtime.Options.RequestTimeout.TotalMilliseconds,
        };
        foreach (IGrouping<string, TopicPartition> topic in group.GroupBy(p => p.Topic, StringComparer.Ordinal))
        {
            request.Topics.Add(
                new()
                {
                    Name = topic.Key,
                    Partitions = topic
                        .Select(p => new ListOffsetsRequest.PartitionData
                        {
                            PartitionIndex = p.Partition,
                            CurrentLeaderEpoch = view.TryGetPartition(p, out _, out PartitionView? known)
                                ? known.LeaderEpoch
                                : LeaderEpoch.None,
                            Timestamp = wanted[p].Timestamp,
                        })
                        .ToList(),
                }
            );
        }

        return request;
    }

    private static void Collect(
        ListOffsetsResponse response,
        SortedDictionary<TopicPartition, (ErrorCode Error, string Reason)> missing,
        SortedDictionary<TopicPartition, SearchResult> results
    )
    {
        foreach (ListOffsetsResponse.TopicData topic in response.Topics)
        {
            foreach (ListOffsetsResponse.PartitionData reply in topic.Partitions)
            {
                TopicPartition partition = new(topic.Name, reply.PartitionIndex);
                if (!missing.ContainsKey(partition))
                {
                    continue;
                }

                if (reply.ErrorCode == ErrorCode.None)
                {
                    results[partition] = new SearchResult(new FoundOffset(reply.Offset, reply.Timestamp, reply.LeaderEpoch), null);
                    missing.Remove(partition);
                }
                else if (reply.ErrorCode.IsRetriable())
                {
                    missing[partition] = (reply.ErrorCode, $"the leader answered {reply.ErrorCode}");
                }
                else
                {
                    results[partition] = Failed(partition, reply.ErrorCode, "the leader rejected");
                    missing.Remove(partition);
                }
            }
        }
    }

    private static SearchResult Failed(TopicPartition partition, ErrorCode error, string reason) =>
        new(default, new KafkaException(error, $"offsets of {partition}: {reason}"));
}
