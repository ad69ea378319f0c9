using RaftLog.Broker.Cluster;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Storage;

namespace RaftLog.Broker.Fetching;

/// <summary>Reads what a fetch found and makes its answer; the bytes are kept until the answer has been sent.</summary>
internal sealed class FetchAnswerBuilder(MetadataCache cache, BufferPool buffers, RequestContext context, FetchPlan plan, Audience audience)
{
    private readonly FetchResponse _response = new() { SessionId = plan.SessionId };
    private readonly Dictionary<(string, Uuid), FetchResponse.FetchableTopicResponse> _topics = [];
    private readonly HashSet<NodeId> _leaders = [];

    /// <summary>Makes the answer and lets go of the slices.</summary>
    public FetchResponse Build(List<FetchedPartition> found)
    {
        foreach (FetchedPartition each in found)
        {
            using LogSlice slice = each.Read.Slice;
            FetchResponse.PartitionData data = Describe(each, slice);
            bool hasRecords = data.Records is { Length: > 0 };
            if (!plan.IsFull && !hasRecords && !IsNews(each))
            {
                continue;
            }

            each.Target.ToldHighWatermark = each.Read.HighWatermark;
            each.Target.ToldLogStart = each.Read.LogStart;
            if (hasRecords)
            {
                plan.Session?.MoveLast(each.Target);
            }

            TopicOf(each.Target.Key).Partitions.Add(data);
        }

        foreach (NodeId leader in _leaders)
        {
            if (cache.Image.Brokers.TryGetValue(leader, out BrokerRegistration? broker)
                && broker.TryGetEndpoint(context.Connection.ListenerName, out Endpoint endpoint))
            {
                _response.NodeEndpoints.Add(new() { NodeId = leader, Host = endpoint.Host, Port = endpoint.Port, Rack = broker.Rack });
            }
        }

        return _response;
    }

    private static bool IsNews(FetchedPartition each) =>
        each.Read.Error != ErrorCode.None || each.Read.Diverging is not null
        || each.Target.ToldHighWatermark != each.Read.HighWatermark || each.Target.ToldLogStart != each.Read.LogStart;

    private FetchResponse.PartitionData Describe(FetchedPartition each, LogSlice slice)
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

        if (!slice.IsEmpty)
        {
            Read(slice, data);
        }

        if (audience == Audience.Committed && each.Partition is { } committed && read.Error == ErrorCode.None)
        {
            data.AbortedTransactions = Aborted(committed, each.Target.FetchOffset, read.LastStableOffset);
        }

        return data;
    }

    // Without memory the partition is answered empty: the client asks again, and by then other answers have been sent.
    private void Read(LogSlice slice, FetchResponse.PartitionData data)
    {
        if (buffers.TryRent(slice.Length) is not { } buffer)
        {
            return;
        }

        context.KeepUntilSent(new BufferLease(buffer));
        try
        {
            data.Records = buffer.Memory[..slice.Read(buffer.Span)];
        }
        catch (DiskException)
        {
            data.ErrorCode = ErrorCode.KafkaStorageError;
        }
    }

    private static List<FetchResponse.AbortedTransaction> Aborted(Partition partition, Offset from, Offset upTo) =>
    [
        .. partition.Log.AbortedTransactions(from, upTo)
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

    private sealed class BufferLease(PooledBuffer buffer) : IDisposable
    {
        public void Dispose() => buffer.Release();
    }
}
