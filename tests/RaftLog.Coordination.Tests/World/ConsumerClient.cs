using RaftLog.Coordination.Topics;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Tests.World;

/// <summary>A consumer of the consumer protocol: it owns what it is told, and gives up at once what it is not told any more.</summary>
internal sealed class ConsumerClient(Shard shard, string groupId, string memberId, string? instanceId = null)
{
    public string MemberId => memberId;

    public int Epoch { get; set; }

    public string[] Topics { get; set; } = ["t"];

    public string? Regex { get; set; }

    public string? Assignor { get; set; }

    public int RebalanceTimeoutMs { get; set; } = 5_000;

    /// <summary>What it reads from now.</summary>
    public SortedSet<string> Owned { get; } = new(StringComparer.Ordinal);

    private HashSet<TopicIdPartition> Ids { get; } = [];

    public ConsumerGroupHeartbeatResponse Join()
    {
        Epoch = 0;
        Owned.Clear();
        Ids.Clear();
        return Take(
            Send(
                new ConsumerGroupHeartbeatRequest
                {
                    RebalanceTimeoutMs = RebalanceTimeoutMs,
                    SubscribedTopicNames = [.. Topics],
                    SubscribedTopicRegex = Regex,
                    ServerAssignor = Assignor,
                    TopicPartitions = [],
                }
            )
        );
    }

    /// <summary>A heartbeat that says what it owns, and takes what it is told.</summary>
    public ConsumerGroupHeartbeatResponse Beat() => Take(Send(new ConsumerGroupHeartbeatRequest { TopicPartitions = Report() }));

    /// <summary>A heartbeat after which it has not acted on the response.</summary>
    public ConsumerGroupHeartbeatResponse BeatOnly() => Send(new ConsumerGroupHeartbeatRequest());

    /// <summary>A heartbeat with another subscription.</summary>
    public ConsumerGroupHeartbeatResponse Subscribe(string[]? topics = null, string? regex = null) =>
        Take(
            Send(
                new ConsumerGroupHeartbeatRequest
                {
                    SubscribedTopicNames = topics is null ? null : [.. topics],
                    SubscribedTopicRegex = regex,
                    TopicPartitions = Report(),
                }
            )
        );

    public ConsumerGroupHeartbeatResponse Leave(int epoch = -1)
    {
        Epoch = epoch;
        return Send(new ConsumerGroupHeartbeatRequest());
    }

    public ConsumerGroupHeartbeatResponse Send(ConsumerGroupHeartbeatRequest request, short version = 1)
    {
        request.GroupId = groupId;
        request.MemberId = memberId;
        request.InstanceId = instanceId;
        request.MemberEpoch = Epoch;
        return shard.Ask<ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse>(
            shard.State.ConsumerGroupHeartbeat,
            version,
            request
        );
    }

    public ErrorCode Commit(string topic, int partition, long offset, int? epoch = null) =>
        shard.Commit(groupId, topic, partition, offset, memberId, epoch ?? Epoch);

    private ConsumerGroupHeartbeatResponse Take(ConsumerGroupHeartbeatResponse response)
    {
        if (response.ErrorCode != ErrorCode.None)
        {
            return response;
        }

        Epoch = response.MemberEpoch;
        if (response.Assignment is { } assignment)
        {
            Owned.Clear();
            Ids.Clear();
            foreach (ConsumerGroupHeartbeatResponse.AssignedTopicPartitions topic in assignment.TopicPartitions)
            {
                Assert.True(shard.Topics.TryFind(topic.TopicId, out TopicFacts? facts));
                foreach (int partition in topic.Partitions)
                {
                    Owned.Add($"{facts.Name}-{partition}");
                    Ids.Add(new TopicIdPartition(topic.TopicId, partition));
                }
            }
        }

        return response;
    }

    private List<ConsumerGroupHeartbeatRequest.HeartbeatTopicPartitions> Report() =>
        [
            .. Ids.GroupBy(each => each.TopicId)
                .Select(topic => new ConsumerGroupHeartbeatRequest.HeartbeatTopicPartitions
                {
                    TopicId = topic.Key,
                    Partitions = [.. topic.Select(each => each.Partition).Order()],
                }),
        ];
}
