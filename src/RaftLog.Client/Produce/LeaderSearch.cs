using System.Diagnostics.CodeAnalysis;
using RaftLog.Client.Cluster;
using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>Where a queue's records go, and what becomes of them when their topic is gone or another.</summary>
/// <param name="options">The producer's options.</param>
/// <param name="metadata">Asked again where no leader is known.</param>
/// <param name="outcomes">Fails the records of a topic that is gone.</param>
/// <param name="topicRemade">Called with the name of a topic that was deleted and made anew.</param>
internal sealed class LeaderSearch(ProducerOptions options, ClusterMetadata metadata, BatchOutcomes outcomes, Action<string> topicRemade)
{
    public bool TryFind(PartitionQueue queue, ClusterView view, long nowMs, [NotNullWhen(true)] out TopicView? topic, out NodeId leader)
    {
        leader = NodeId.None;
        if (view.TryGetTopic(queue.Partition.Topic, out topic))
        {
            bool isRemade =
                topic.Error == ErrorCode.None && (topic.Id != queue.TopicId || queue.Partition.Partition >= topic.Partitions.Count);
            if (isRemade)
            {
                topicRemade(topic.Name);
                return false;
            }

            if (topic.Error == ErrorCode.UnknownTopicOrPartition)
            {
                FailGone(queue, topic.Error, topic.Name, nowMs);
            }
        }

        if (view.TryGetPartition(queue.Partition, out topic, out PartitionView? known) && known.Leader.IsNode)
        {
            leader = known.Leader;
            return true;
        }

        metadata.Invalidate();
        return false;
    }

    /// <summary>Fails what has waited for <see cref="ProducerOptions.MaxBlock"/> for a topic that no broker knows any more.</summary>
    private void FailGone(PartitionQueue queue, ErrorCode unknown, string name, long nowMs) =>
        outcomes.Fail(
            [queue],
            nowMs - (long)options.MaxBlock.TotalMilliseconds,
            batch =>
                batch.Unacknowledged(
                    unknown,
                    $"topic '{name}' does not exist any more: no broker has known it for {options.MaxBlock.TotalSeconds} s "
                        + $"(max.block.ms)"
                )
        );
}
