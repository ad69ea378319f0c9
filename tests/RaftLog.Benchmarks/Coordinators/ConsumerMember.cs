using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>
/// A member of a consumer group (KIP-848) on a connection of its own. It gives up at once what it is not assigned any more, takes what is
/// new in its assignment, and says so with a heartbeat that waits for nothing.
/// </summary>
internal sealed class ConsumerMember(WireClient wire, GroupWork work, int number, RebalanceWatch watch) : IGroupMember
{
    private const int Leaving = -1;

    private readonly string _id = Guid.NewGuid().ToString("N");
    private List<int> _owned = [];
    private int _epoch;
    private volatile bool _leaves;

    /// <inheritdoc/>
    public async Task RunAsync()
    {
        try
        {
            await BeMemberAsync();
        }
        catch (Exception) when (_leaves)
        {
            // A heartbeat that was under way when the member left, or the connection's end.
        }
        catch (Exception e)
        {
            watch.Fail(e);
        }
    }

    /// <inheritdoc/>
    public async Task LeaveAsync()
    {
        _leaves = true;
        watch.Leave(number);
        ConsumerGroupHeartbeatRequest request = new()
        {
            GroupId = work.Group,
            MemberId = _id,
            MemberEpoch = Leaving,
        };
        work.Require((await wire.AskAsync(request)).ErrorCode, ApiKey.ConsumerGroupHeartbeat);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _leaves = true;
        wire.Dispose();
    }

    private async Task BeMemberAsync()
    {
        bool hasChanged = await BeatAsync(saysAll: true);
        await Task.Delay(work.PhaseOf(number));
        while (!_leaves)
        {
            if (!hasChanged)
            {
                await Task.Delay(work.Heartbeat);
            }

            hasChanged = await BeatAsync(hasChanged);
        }
    }

    /// <summary>Sends a heartbeat; true when its response has changed what the member owns.</summary>
    private async Task<bool> BeatAsync(bool saysAll)
    {
        ConsumerGroupHeartbeatRequest request = new()
        {
            GroupId = work.Group,
            MemberId = _id,
            MemberEpoch = _epoch,
            RebalanceTimeoutMs = saysAll ? (int)work.Session.TotalMilliseconds : -1,
            SubscribedTopicNames = saysAll ? [work.Topic] : null,
            TopicPartitions = saysAll ? Owned() : null,
        };
        ConsumerGroupHeartbeatResponse response = await wire.AskAsync(request);
        work.Require(response.ErrorCode, ApiKey.ConsumerGroupHeartbeat);
        _epoch = response.MemberEpoch;
        if (response.Assignment is not { } assignment)
        {
            return false;
        }

        // A heartbeat that says all is answered with the whole assignment, whether it has changed or not.
        List<int> assigned = [.. assignment.TopicPartitions.SelectMany(static each => each.Partitions).Order()];
        if (assigned.SequenceEqual(_owned) || _leaves)
        {
            return false;
        }

        _owned = assigned;
        watch.Own(number, generation: 0, _owned.Count);
        return true;
    }

    private List<ConsumerGroupHeartbeatRequest.HeartbeatTopicPartitions> Owned() =>
        _owned.Count == 0 ? [] : [new() { TopicId = work.TopicId, Partitions = _owned }];
}
