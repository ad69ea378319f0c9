using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>
/// A member of a consumer group (KIP-848) on a connection of its own. It gives up at once what it is not assigned any more, takes what is
/// new in its assignment, and says so with a heartbeat that waits for nothing.
/// </summary>
internal sealed class ConsumerMember(WireClient wire, GroupWork work, int number, RebalanceWatch watch)
    : GroupMember(wire, work, number, watch)
{
    private const int Leaving = -1;

    private readonly string _id = Guid.NewGuid().ToString("N");
    private List<int> _owned = [];
    private int _epoch;

    /// <inheritdoc/>
    protected override async Task SayGoodbyeAsync()
    {
        ConsumerGroupHeartbeatRequest request = new()
        {
            GroupId = Work.Group,
            MemberId = _id,
            MemberEpoch = Leaving,
        };
        Work.Require((await AskAsync(request)).ErrorCode, ApiKey.ConsumerGroupHeartbeat);
    }

    /// <inheritdoc/>
    protected override async Task BeMemberAsync()
    {
        bool hasChanged = await BeatAsync(saysAll: true);
        await SpreadAsync();
        while (!Leaves)
        {
            if (!hasChanged)
            {
                await Task.Delay(Work.Heartbeat);
            }

            hasChanged = await BeatAsync(hasChanged);
        }
    }

    /// <summary>Sends a heartbeat; true when its response has changed what the member owns.</summary>
    private async Task<bool> BeatAsync(bool saysAll)
    {
        ConsumerGroupHeartbeatRequest request = new()
        {
            GroupId = Work.Group,
            MemberId = _id,
            MemberEpoch = _epoch,
            RebalanceTimeoutMs = saysAll ? (int)Work.Session.TotalMilliseconds : -1,
            SubscribedTopicNames = saysAll ? [Work.Topic] : null,
            TopicPartitions = saysAll ? Owned() : null,
        };
        ConsumerGroupHeartbeatResponse response = await AskAsync(request);
        Work.Require(response.ErrorCode, ApiKey.ConsumerGroupHeartbeat);
        _epoch = response.MemberEpoch;
        if (response.Assignment is not { } assignment)
        {
            return false;
        }

        // A heartbeat that says all is answered with the whole assignment, whether it has changed or not.
        List<int> assigned = [.. assignment.TopicPartitions.SelectMany(static each => each.Partitions).Order()];
        if (assigned.SequenceEqual(_owned) || Leaves)
        {
            return false;
        }

        _owned = assigned;
        Own(generation: 0, _owned.Count);
        return true;
    }

    private List<ConsumerGroupHeartbeatRequest.HeartbeatTopicPartitions> Owned() =>
        _owned.Count == 0 ? [] : [new() { TopicId = Work.TopicId, Partitions = _owned }];
}
