using RaftLog.Broker.Network;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Storage;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// ListOffsets (2), versions 1 to 11: offsets by time, and by the special timestamps -1 latest, -2 earliest, -3 largest timestamp (from
/// version 7), -4 local earliest (8), -5 latest tiered (9), -6 earliest pending upload (11). Nothing is tiered here, so -5 and -6 find
/// nothing.
/// </summary>
internal sealed class ListOffsetsHandler(PartitionLookup lookup, ClientWarnings warnings)
    : IRequestHandler<ListOffsetsRequest, ListOffsetsResponse>
{
    private const sbyte ReadCommitted = 1;
    private const int DebuggingReplica = -2;
    private const long LatestTiered = -5;
    private const long EarliestPendingUpload = -6;

    public ValueTask<ListOffsetsResponse?> HandleAsync(ListOffsetsRequest request, RequestContext context)
    {
        // As in Kafka a debugging consumer is answered by any replica, from all of its log.
        bool isDebugging = request.ReplicaId.Value == DebuggingReplica;
        Audience audience =
            request.ReplicaId.IsNode || isDebugging ? Audience.Follower
            : request.IsolationLevel == ReadCommitted ? Audience.Committed
            : Audience.Uncommitted;
        Dictionary<TopicPartition, bool> repeated = Repeated(request);
        ListOffsetsResponse response = new();
        foreach (ListOffsetsRequest.TopicData topic in request.Topics)
        {
            ListOffsetsResponse.TopicData topicResult = new() { Name = topic.Name };
            response.Topics.Add(topicResult);
            foreach (ListOffsetsRequest.PartitionData partition in topic.Partitions)
            {
                bool isRepeated = repeated.TryGetValue(new TopicPartition(topic.Name, partition.PartitionIndex), out bool hasResponse);
                if (hasResponse)
                {
                    continue;
                }

                if (isRepeated)
                {
                    repeated[new TopicPartition(topic.Name, partition.PartitionIndex)] = true;
                }

                OffsetLookup found = isRepeated
                    ? OffsetLookup.Failed(ErrorCode.InvalidRequest)
                    : Find(topic.Name, partition, audience, isDebugging, context.Version);
                topicResult.Partitions.Add(
                    new()
                    {
                        PartitionIndex = partition.PartitionIndex,
                        ErrorCode = found.Error,
                        Timestamp = found.Timestamp,
                        Offset = found.Offset,
                        LeaderEpoch = found.Epoch,
                    }
                );
            }
        }

        return ValueTask.FromResult<ListOffsetsResponse?>(response);
    }

    private OffsetLookup Find(string topic, ListOffsetsRequest.PartitionData asked, Audience audience, bool isAnyReplica, short version)
    {
        if (asked.Timestamp < 0 && version < FirstVersionOf(asked.Timestamp))
        {
            return OffsetLookup.Failed(ErrorCode.UnsupportedVersion);
        }

        (Partition? partition, ErrorCode error) = lookup.ByName(topic, asked.PartitionIndex);
        if (partition is null)
        {
            return OffsetLookup.Failed(error);
        }

        if (asked.Timestamp is LatestTiered or EarliestPendingUpload)
        {
            return OffsetLookup.Nothing;
        }

        try
        {
            return partition.FindOffset(asked.CurrentLeaderEpoch, asked.Timestamp, audience, isAnyReplica);
        }
        catch (DiskException)
        {
            return OffsetLookup.Failed(ErrorCode.KafkaStorageError);
        }
        catch (CorruptBatchException corrupt)
        {
            warnings.Warn(
                ClientFault.CorruptRecords,
                $"ListOffsets of {partition.Name}: {corrupt.Message}; where the partition has other replicas, let one of them lead, and "
                    + $"see 'A corrupt log' in docs/operations.md"
            );
            return OffsetLookup.Failed(ErrorCode.CorruptMessage);
        }
    }

    private static short FirstVersionOf(long timestamp) =>
        timestamp switch
        {
            OffsetLookup.Latest or OffsetLookup.Earliest => 1,
            OffsetLookup.MaxTimestamp => 7,
            OffsetLookup.EarliestLocal => 8,
            LatestTiered => 9,
            EarliestPendingUpload => 11,
            _ => short.MaxValue,
        };

    /// <summary>The partitions that are asked for more than once, each answered once with an error; none is answered yet.</summary>
    private static Dictionary<TopicPartition, bool> Repeated(ListOffsetsRequest request)
    {
        HashSet<TopicPartition> seen = [];
        Dictionary<TopicPartition, bool> repeated = [];
        foreach (ListOffsetsRequest.TopicData topic in request.Topics)
        {
            foreach (ListOffsetsRequest.PartitionData partition in topic.Partitions)
            {
                TopicPartition name = new(topic.Name, partition.PartitionIndex);
                if (!seen.Add(name))
                {
                    repeated[name] = false;
                }
            }
        }

        return repeated;
    }
}
