using RaftLog.Checking;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Protocol;

namespace RaftLog.Jepsen.Workloads;

/// <summary>
/// What a run does with the logs of its topics before and after: makes them, waits for their replicas, and reads them whole at the end.
/// </summary>
internal static class LogEnd
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(120);

    /// <summary>Creates a topic, however often it takes.</summary>
    public static async Task CreateTopicAsync(Clients clients, string name, int partitions, CancellationToken cancel)
    {
        using KafkaCluster cluster = clients.Open();
        while (true)
        {
            try
            {
                ItemResult<string> result = (await cluster.Admin.CreateTopicsAsync([new NewTopic(name, partitions, -1)]))[0];
                if (result.Error is ErrorCode.None or ErrorCode.TopicAlreadyExists)
                {
                    return;
                }
            }
            catch (KafkaException)
            {
                // The cluster is still coming up.
            }

            await Task.Delay(Pause, TimeProvider.System, cancel);
        }
    }

    /// <summary>Waits until every replica is in sync; null then, else what is not.</summary>
    public static async Task<string?> WaitForReplicasAsync(
        Clients clients,
        IReadOnlyList<TopicPartition> partitions,
        TimeSpan limit,
        CancellationToken cancel
    )
    {
        using KafkaCluster cluster = clients.Open();
        string[] topics = [.. partitions.Select(each => each.Topic).Distinct()];
        long begun = TimeProvider.System.GetTimestamp();
        string? missing = "nobody has answered";
        while (TimeProvider.System.GetElapsedTime(begun) < limit)
        {
            try
            {
                missing = (await cluster.Admin.DescribeTopicsAsync(topics))
                    .SelectMany(topic =>
                        topic
                            .Partitions.Where(each => each.Isr.Count < each.Replicas.Count || !each.Leader.IsNode)
                            .Select(each => $"{topic.Name}-{each.Index} has leader {each.Leader} and in sync {string.Join(' ', each.Isr)}")
                    )
                    .FirstOrDefault();
                if (missing is null)
                {
                    return null;
                }
            }
            catch (KafkaException failure)
            {
                missing = failure.Message;
            }

            await Task.Delay(Pause, TimeProvider.System, cancel);
        }

        return missing;
    }

    /// <summary>The ends of partitions.</summary>
    public static async Task<IReadOnlyDictionary<TopicPartition, FoundOffset>> FindEndsAsync(
        Clients clients,
        IReadOnlyList<TopicPartition> partitions
    )
    {
        using KafkaCluster cluster = clients.Open();
        return await cluster.Admin.ListOffsetsAsync(
            new SortedDictionary<TopicPartition, OffsetSpec>(partitions.ToDictionary(each => each, _ => OffsetSpec.Latest))
        );
    }

    /// <summary>Reads partitions from the beginning to the ends that they have now; false when that takes too long.</summary>
    public static async Task<bool> ReadAsync(
        RunContext context,
        IReadOnlyList<TopicPartition> partitions,
        CancellationToken cancel,
        bool readsCommitted = false
    )
    {
        long begun = TimeProvider.System.GetTimestamp();
        IReadOnlyDictionary<TopicPartition, FoundOffset> ends = await FindEndsAsync(context.Clients, partitions);
        using KafkaCluster cluster = context.Clients.Open();
        using Consumer consumer = cluster.CreateConsumer(new ConsumerOptions { ReadCommitted = readsCommitted });
        consumer.Assign(new SortedDictionary<TopicPartition, StartAt>(partitions.ToDictionary(each => each, _ => StartAt.Beginning)));
        int process = context.Recorder.NewProcess();
        SortedSet<TopicPartition> open = [.. partitions.Where(each => ends[each].Offset > Offset.Zero)];
        while (open.Count > 0)
        {
            if (TimeProvider.System.GetElapsedTime(begun) > ReadLimit || cancel.IsCancellationRequested)
            {
                return false;
            }

            using FetchedRecords? records = await consumer.ReadAsync(TimeSpan.FromSeconds(1), cancel);
            if (records is not null)
            {
                PolledRecords.Note(context.Recorder, records, process, HistoryFunction.Final);
                if (records.Next >= ends[records.Partition].Offset)
                {
                    open.Remove(records.Partition);
                }
            }
        }

        return true;
    }
}
