using RaftLog.Broker.Cluster;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// DeleteRecords (21), versions 0 to 2: raises the log start of partitions that this node leads, at most to the high watermark, and waits
/// until all in-sync replicas have followed (KIP-107). What a compacted topic holds is not deleted by offset.
/// </summary>
internal sealed class DeleteRecordsHandler(PartitionLookup lookup, MetadataCache cache, ClusterConfigs configs, Waiters waiters)
    : IRequestHandler<DeleteRecordsRequest, DeleteRecordsResponse>
{
    public async ValueTask<DeleteRecordsResponse?> HandleAsync(DeleteRecordsRequest request, RequestContext context)
    {
        List<Deletion> deletions = [];
        WakeList wakes = new();
        foreach (DeleteRecordsRequest.DeleteRecordsTopic topic in request.Topics)
        {
            foreach (DeleteRecordsRequest.DeleteRecordsPartition asked in topic.Partitions)
            {
                deletions.Add(Begin(topic.Name, asked, wakes));
            }
        }

        CommitWait wait = new(waiters, deletions.Count);
        for (int i = 0; i < deletions.Count; i++)
        {
            if (deletions[i] is { Partition: { } partition } deletion)
            {
                partition.WatchDeletion(deletion.Start, wait, i);
            }
            else
            {
                wait.Decide(i, deletions[i].Error);
            }
        }

        wakes.WakeAll();
        await wait.WaitAsync(TimeSpan.FromMilliseconds(Math.Max(0, request.TimeoutMs)));
        return Respond(request, deletions, wait);
    }

    private Deletion Begin(string topic, DeleteRecordsRequest.DeleteRecordsPartition asked, WakeList wakes)
    {
        (Partition? partition, ErrorCode error) = lookup.ByName(topic, asked.PartitionIndex);
        if (partition is null)
        {
            return new Deletion(null, error, Offset.None);
        }

        if (InternalTopics.Contains(topic))
        {
            return new Deletion(null, ErrorCode.InvalidTopicException, Offset.None);
        }

        if (!configs.Topic(cache.Image, topic).Retention.Deletes)
        {
            return new Deletion(null, ErrorCode.PolicyViolation, Offset.None);
        }

        (ErrorCode rejected, Offset start) = partition.DeleteRecords(asked.Offset, wakes);
        return new Deletion(rejected == ErrorCode.None ? partition : null, rejected, start);
    }

    private static DeleteRecordsResponse Respond(DeleteRecordsRequest request, List<Deletion> deletions, CommitWait wait)
    {
        DeleteRecordsResponse response = new();
        int next = 0;
        foreach (DeleteRecordsRequest.DeleteRecordsTopic topic in request.Topics)
        {
            DeleteRecordsResponse.DeleteRecordsTopicResult topicResult = new() { Name = topic.Name };
            response.Topics.Add(topicResult);
            foreach (DeleteRecordsRequest.DeleteRecordsPartition asked in topic.Partitions)
            {
                Deletion deletion = deletions[next];
                topicResult.Partitions.Add(
                    new()
                    {
                        PartitionIndex = asked.PartitionIndex,
                        LowWatermark = deletion.Partition?.LowWatermark ?? Offset.None,
                        ErrorCode = wait[next++],
                    }
                );
            }
        }

        return response;
    }

    private readonly record struct Deletion(Partition? Partition, ErrorCode Error, Offset Start);
}
