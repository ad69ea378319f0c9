using System.Text.RegularExpressions;
using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Consume;
using RaftLog.Client.Consume.Parallel;
using RaftLog.Protocol;

namespace RaftLog.Client.Groups;

/// <summary>A consumer's part in its group: its membership, the offsets that it commits, and the connections to the coordinator.</summary>
internal sealed class ConsumerGroup : IDisposable
{
    private readonly ConsumerOptions _options;
    private readonly ClientRuntime _runtime;
    private readonly ClusterCalls _calls;
    private readonly ClusterMetadata _metadata;
    private readonly Assignment _assignment;
    private readonly ConnectionSet _memberConnections;
    private readonly ConnectionSet _commitConnections;
    private readonly OffsetCommits _offsets;
    private readonly OwnedPartitions _owned;
    private readonly IGroupMember _member;
    private MatchedTopics? _matched;
    private long _settledMs;

    public ConsumerGroup(
        string group,
        ConsumerOptions options,
        ClientRuntime runtime,
        ConnectionTable connections,
        ClusterCalls calls,
        ClusterMetadata metadata,
        Assignment assignment,
        Action wake
    )
    {
        _options = options;
        _runtime = runtime;
        _calls = calls;
        _metadata = metadata;
        _assignment = assignment;

        // A coordinator answers a join when all have joined: commits must not wait behind it. Nor is the coordinator looked for over
        // connections that outlive the consumer, since the search ends with them.
        _memberConnections = connections.OpenSet();
        _commitConnections = connections.OpenSet();
        ClusterCalls finder = new(runtime, _commitConnections);
        Coordinator commits = new(CoordinatorKind.Group, group, runtime, finder, finder, metadata);
        _offsets = new OffsetCommits(group, options.GroupInstanceId, runtime, commits);
        _owned = new OwnedPartitions(options, runtime, assignment, _offsets);
        Coordinator membership = new(
            CoordinatorKind.Group,
            group,
            runtime,
            finder,
            new ClusterCalls(runtime, _memberConnections),
            metadata
        );
        _member =
            options.GroupProtocol == GroupProtocol.Consumer
                ? new ConsumerMember(options, runtime, membership, _offsets, _owned, new TopicNames(calls, metadata), wake)
                : new ClassicMember(options, runtime, metadata, membership, _offsets, _owned, wake);
    }

    /// <summary>True once topics are subscribed to.</summary>
    public bool IsSubscribed { get; private set; }

    /// <summary>Who the member is to the coordinator now.</summary>
    public GroupIdentity Identity => IsSubscribed ? _member.Identity : GroupIdentity.None;

    /// <summary>Subscribes to topics by name, or by an expression of the coordinator's.</summary>
    public void Subscribe(GroupTopics topics, IRebalanceListener? listener)
    {
        Begin(listener);
        _metadata.Want(topics.Names);
        _member.Subscribe(topics);
    }

    /// <summary>Subscribes to the topics that match.</summary>
    public void Subscribe(Regex pattern, IRebalanceListener? listener)
    {
        Begin(listener);
        _matched = new MatchedTopics(pattern, _runtime, _calls, _member.Subscribe);
        _matched.Start();
    }

    /// <summary>What the reader does for the group each time it comes for records.</summary>
    /// <exception cref="KafkaException">The group cannot be joined.</exception>
    public ValueTask PollAsync()
    {
        if (!IsSubscribed)
        {
            return ValueTask.CompletedTask;
        }

        NoteMembership();
        return _member.PollAsync(Math.Min(_runtime.Waiters.NowMs, _owned.Work?.OldestMs ?? long.MaxValue));
    }

    /// <summary>Why the member has belonged to no generation for longer than a time; null where it has.</summary>
    public string? WhyNoMember(TimeSpan limit)
    {
        if (!IsSubscribed)
        {
            return null;
        }

        NoteMembership();
        long outsideMs = _runtime.Waiters.NowMs - Volatile.Read(ref _settledMs);
        return outsideMs > limit.TotalMilliseconds
            ? $"the consumer has been outside its group '{_options.GroupId}' for {outsideMs / 1000.0:0.0} s"
            : null;
    }

    private void NoteMembership()
    {
        if (_member.IsSettled)
        {
            Volatile.Write(ref _settledMs, _runtime.Waiters.NowMs);
        }
    }

    /// <summary>Says what goes on beside the reader, or that nothing does any more.</summary>
    public void WorkBeside(IPartitionWork? work) => _owned.Work = work;

    /// <summary>Commits what is done; a failure is made up for by the next commit.</summary>
    public ValueTask TryCommitAsync() =>
        IsSubscribed && !_member.Identity.IsMember
            ? ValueTask.CompletedTask
            : _owned.TryCommitAsync(
                _assignment.Offsets.Committable(_assignment.Partitions),
                () => Identity,
                new CallDeadline(_runtime.Waiters, _options.CloseTimeout)
            );

    /// <summary>
    /// Commits offsets: of a consumer that has subscribed only as a member, since without one the coordinator takes them from anybody.
    /// </summary>
    /// <inheritdoc cref="OffsetCommits.CommitAsync" path="/exception" />
    public ValueTask CommitAsync(IReadOnlyDictionary<TopicPartition, OffsetAndEpoch> offsets, CallDeadline deadline) =>
        offsets.Count > 0 && IsSubscribed && !_member.Identity.IsMember
            ? ValueTask.FromException(_offsets.NotAMember())
            : _offsets.CommitAsync(offsets, () => Identity, deadline);

    /// <inheritdoc cref="OffsetCommits.FetchAsync" />
    public async ValueTask<IReadOnlyDictionary<TopicPartition, Offset>> CommittedAsync(
        IReadOnlyCollection<TopicPartition> partitions,
        CallDeadline deadline
    )
    {
        SortedDictionary<TopicPartition, Offset> committed = [];
        foreach ((TopicPartition partition, OffsetAndEpoch place) in await _offsets.FetchAsync(partitions, deadline))
        {
            committed.Add(partition, place.Offset);
        }

        return committed;
    }

    /// <summary>Commits, gives everything up and leaves.</summary>
    public async ValueTask CloseAsync()
    {
        _matched?.Close();
        await _member.CloseAsync(new CallDeadline(_runtime.Waiters, _options.CloseTimeout));
    }

    public void Dispose()
    {
        _matched?.Close();
        _member.Stop();
        _memberConnections.Dispose();
        _commitConnections.Dispose();
    }

    private void Begin(IRebalanceListener? listener)
    {
        _matched?.Close();
        _matched = null;
        Volatile.Write(ref _settledMs, _runtime.Waiters.NowMs);
        IsSubscribed = true;
        _owned.Listener = listener;
    }
}
