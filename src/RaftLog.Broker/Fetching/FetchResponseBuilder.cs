using RaftLog.Broker.Cluster;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;
using RaftLog.Storage;

namespace RaftLog.Broker.Fetching;

/// <summary>
/// Makes the response of what a fetch found. Records stay in their files until the connection sends them; only small sets are read here.
/// </summary>
internal sealed class FetchResponseBuilder(MetadataCache cache, RequestContext context, FetchPlan plan, Audience audience)
{
    /// <summary>Of small record sets one response holds at most so much in memory; further ones stay in their files, too.</summary>
    private const int MaxCopiedBytes = 64 << 10;

    private readonly FetchResponse _response = new() { SessionId = plan.SessionId };
    private readonly Dictionary<(string, Uuid), FetchResponse.FetchableTopicResponse> _topics = [];
    private readonly HashSet<NodeId> _leaders = [];
    private int _copiedBytes;

    /// <summary>Makes the response and lets go of the slices.</summary>
    public FetchResponse Build(List<FetchedPartition> found)
    {
        foreach (FetchedPartition each in found)
        {
            FetchResponse.PartitionData data = Describe(each);
            bool hasRecords = data.Records is { Length: > 0 };
            if (!plan.IsFull && !hasRecords && data.ErrorCode == ErrorCode.None && !each.IsUpdate)
            {
                continue;
            }

            each.Target.Tell(each.Read.HighWatermark, each.Read.LogStart);
            TopicOf(each.Target.Key).Partitions.Add(data);
        }

        foreach (NodeId leader in _leaders)
        {
            if (
                cache.Image.Brokers.TryGetValue(leader, out BrokerRegistration? broker)
                && broker.TryGetEndpoint(context.Connection.ListenerName, out Endpoint endpoint)
            )
            {
                _response.NodeEndpoints.Add(
                    new()
                    {
                        NodeId = leader,
                        Host = endpoint.Host,
                        Port = endpoint.Port,
                        Rack = broker.Rack,
                    }
                );
            }
        }

        return _response;
    }

    private FetchResponse.PartitionData Describe(FetchedPartition each)
    {
        PartitionRead read = each.Read;
        FetchResponse.PartitionData data = new()
        {
            PartitionIndex = each.Target.Key.Partition,
            ErrorCode = read.Error,
            HighWatermark = read.HighWatermark,
            LastStableOffset = read.LastStableOffset,
            LogStartOffset = read.Error == ErrorCode.None ? read.LogStart : Offset.None,
            AbortedTransactions = each.Partition is null ? [] : null,
            Records = Memory<byte>.Empty,
        };
        if (read.Diverging is { } diverging)
        {
            data.DivergingEpoch = new() { Epoch = diverging.Epoch, EndOffset = diverging.End };
        }

        if (read.Error is ErrorCode.NotLeaderOrFollower or ErrorCode.FencedLeaderEpoch && each.Partition is { } partition)
        {
            (NodeId leader, LeaderEpoch epoch) = partition.Leadership;
            data.CurrentLeader = new() { LeaderId = leader, LeaderEpoch = epoch };
            _leaders.Add(leader);
        }

        if (read.Slice.IsEmpty)
        {
            read.Slice.Dispose();
        }
        else
        {
            TakeRecords(read, data);
        }

        if (audience == Audience.Committed && each.Partition is { } committed && read.Error == ErrorCode.None)
        {
            data.AbortedTransactions = Aborted(committed, each.Target.FetchOffset, read.LastStableOffset);
        }

        return data;
    }

    private void TakeRecords(in PartitionRead read, FetchResponse.PartitionData data)
    {
        int length = read.Slice.Length;
        if (!read.Slice.IsSuspect && (length >= WireWriter.GatherThreshold || _copiedBytes + length > MaxCopiedBytes))
        {
            LogSliceBytes bytes = new(read.Slice, read.HighWatermark);
            context.KeepUntilSent(bytes);
            data.Records = bytes.Memory;
            return;
        }

        using LogSlice slice = read.Slice;
        byte[] copy = new byte[length];
        try
        {
            data.Records = copy.AsMemory(0, slice.Read(copy));
            _copiedBytes += length;
        }
        catch (DiskException)
        {
            data.ErrorCode = ErrorCode.KafkaStorageError;
        }
    }

    private static List<FetchResponse.AbortedTransaction> Aborted(Partition partition, Offset from, Offset upTo) =>
        [
            .. partition
                .Log.AbortedTransactions(from, upTo)
                .Select(each => new FetchResponse.AbortedTransaction { ProducerId = each.ProducerId, FirstOffset = each.FirstOffset }),
        ];

    private FetchResponse.FetchableTopicResponse TopicOf(FetchKey key)
    {
        if (!_topics.TryGetValue((key.Topic, key.TopicId), out FetchResponse.FetchableTopicResponse? topic))
        {
            topic = new() { Topic = key.Topic, TopicId = key.TopicId };
            _topics.Add((key.Topic, key.TopicId), topic);
            _response.Responses.Add(topic);
        }

        return topic;
    }
}
