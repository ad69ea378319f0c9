using RaftLog.Coordination;
using RaftLog.Coordination.Groups;
using RaftLog.Protocol;

namespace RaftLog.Broker.Coordination;

/// <summary>
/// The groups of one partition of <c>__consumer_offsets</c>, which see the cluster's topics as they were when each input began.
/// </summary>
internal sealed class GroupShardState : ICoordinatorState
{
    private readonly ShardTopics _topics;
    private readonly GroupCoordinatorState _groups;

    /// <summary>An empty partition.</summary>
    /// <param name="settings">The configuration.</param>
    /// <param name="topics">The cluster's topics.</param>
    public GroupShardState(IGroupSettings settings, ClusterTopics topics)
    {
        _topics = new ShardTopics(topics);
        _groups = new GroupCoordinatorState(settings, _topics);
    }

    /// <inheritdoc />
    public long NextDeadlineMs => _groups.NextDeadlineMs;

    /// <inheritdoc />
    public void Replay(in CoordinatorRecord record, in RecordOrigin origin) => _groups.Replay(record, origin);

    /// <inheritdoc />
    public void ReplayMarker(ProducerId producer, ProducerEpoch epoch, bool isCommit, Offset offset) =>
        _groups.ReplayMarker(producer, epoch, isCommit, offset);

    /// <inheritdoc />
    public void Activate(CoordinatorTime now, Outbox outbox)
    {
        _topics.Refresh();
        _groups.Activate(now, outbox);
    }

    /// <inheritdoc />
    public void Tick(CoordinatorTime now, Outbox outbox)
    {
        _topics.Refresh();
        _groups.Tick(now, outbox);
    }

    /// <summary>Decides a request.</summary>
    public void Run(GroupCommand command, in GroupCaller caller, CoordinatorTime now, Outbox outbox)
    {
        _topics.Refresh();
        command(_groups, caller, now, outbox);
    }

    /// <summary>Topics are gone.</summary>
    public void TopicsDeleted(IReadOnlyList<(string Name, Uuid Id)> topics, CoordinatorTime now, Outbox outbox)
    {
        _topics.Refresh();
        _groups.TopicsDeleted(topics, now, outbox);
    }
}
