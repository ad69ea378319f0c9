using System.Collections.Concurrent;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>The ways into the topics of one producer, and what happens to their records when a topic grows or is made anew.</summary>
internal sealed class TopicLanes(
    ProducerOptions options,
    ClientRuntime runtime,
    ClusterMetadata metadata,
    BufferBudget budget,
    BatchSource source,
    ProduceSender sender
)
{
    private readonly ConcurrentDictionary<string, TopicLane> _lanes = new(StringComparer.Ordinal);

    private TopicLane? _last;

    /// <summary>All of them.</summary>
    public IEnumerable<TopicLane> All => _lanes.Values;

    /// <summary>The way into a topic.</summary>
    public TopicLane Of(string topic)
    {
        // Most producers write to one topic, and name it by the same string each time.
        if (Volatile.Read(ref _last) is { } last && ReferenceEquals(last.Name, topic))
        {
            return last;
        }

        TopicLane lane = _lanes.GetOrAdd(topic, static name => new TopicLane(name));
        Volatile.Write(ref _last, lane);
        return lane;
    }

    /// <summary>The topic's queues as the cluster describes it now. For the one whose turn it is in the lane.</summary>
    public async ValueTask<ProducerTopic> LearnAsync(string name, TopicLane lane, CallDeadline deadline)
    {
        TopicView told = await metadata.TopicAsync(name, deadline);
        ProducerTopic? before = lane.Topic;
        if (before is not null && before.Is(told))
        {
            return before;
        }

        if (before is not null && !before.IsGrown(told))
        {
            return await MoveAsync(lane, before, told);
        }

        ProducerTopic topic = new(told, before, source, options, runtime.Entropy);
        sender.Add(topic.Queues);
        lane.Topic = topic;
        return topic;
    }

    /// <summary>The sender has found that a topic was made anew: its records go to the new one, whether or not more of them come.</summary>
    public void Move(string name)
    {
        if (_lanes.TryGetValue(name, out TopicLane? lane) && lane.TryBeginMove())
        {
            runtime.Supervisor.Run("move records", () => MoveAsync(name, lane));
        }
    }

    private async Task MoveAsync(string name, TopicLane lane)
    {
        (Task turn, TaskCompletionSource done) = lane.Enter();
        try
        {
            await turn;
            await LearnAsync(name, lane, new CallDeadline(runtime.Waiters, options.MaxBlock));
        }
        catch (KafkaException)
        {
            // The topic is gone again, or nobody answers: the sender comes back, and each record has its own deadline.
        }
        finally
        {
            lane.Leave(done);
            lane.EndMove();
        }
    }

    /// <summary>
    /// Hands the records of a topic that was deleted to the one that was made in its place, in their order. What is with a broker is waited
    /// for, so that nothing older comes behind something newer. Keys choose among the partitions that there are now; a record whose caller
    /// named a partition that is gone fails.
    /// </summary>
    private async ValueTask<ProducerTopic> MoveAsync(TopicLane lane, ProducerTopic before, TopicView told)
    {
        List<(int Partition, ProducerBatch Batch)> batches = [];
        foreach (PartitionQueue queue in before.Queues)
        {
            foreach (ProducerBatch batch in await queue.CloseAsync(runtime.Waiters))
            {
                batches.Add((queue.Partition.Partition, batch));
            }
        }

        ProducerTopic topic = new(told, null, source, options, runtime.Entropy);
        sender.Replace(before.Queues, topic.Queues);
        foreach ((int partition, ProducerBatch batch) in batches)
        {
            long moved = 0;
            batch.Dissolve(source.BatchLimit, (record, end) => moved += HandOver(topic, record, end, partition, batch.CreatedMs));
            budget.Return(batch.Reserved - moved);
            source.Return(batch);
        }

        lane.Topic = topic;
        sender.EndReplace();
        batches.ForEach(static each => each.Batch.EndFlushes());
        return topic;
    }

    /// <returns>The bytes of the budget that it keeps.</returns>
    private long HandOver(ProducerTopic topic, ProducerRecord record, RecordEnd end, int partition, long createdMs)
    {
        if (end.IsPinned && partition >= topic.PartitionCount)
        {
            end.Fail(
                new KafkaException(
                    ErrorCode.UnknownTopicOrPartition,
                    $"topic '{topic.Name}' was deleted and made anew with {topic.PartitionCount} partitions: there is no partition "
                        + $"{partition} any more"
                )
            );
            return 0;
        }

        long size = ProducerGate.SizeOf(record);
        ProducerRecord placed = end.IsPinned ? record with { Partition = partition } : record;
        if (!topic.TryChoose(placed, metadata.View, runtime.Waiters, out PartitionQueue? queue, out KafkaException? wrong))
        {
            end.Fail(wrong);
            return 0;
        }

        queue.Append(placed, placed.TimestampMs ?? 0, size, createdMs, end);
        sender.Wake(queue);
        return size;
    }
}
