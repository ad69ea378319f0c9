using RaftLog.Client.Cluster;
using RaftLog.Client.Connections;
using RaftLog.Client.Consume;
using RaftLog.Client.Groups.Assignors;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Groups;

/// <summary>
/// Takes a member through one rebalance: join, as the leader share out, sync, and read where to go on. Tries again until it is a member or
/// cannot be one.
/// </summary>
internal sealed class GroupJoin(
    ConsumerOptions options,
    ClientRuntime runtime,
    ClusterMetadata metadata,
    Coordinator coordinator,
    OffsetCommits offsets
)
{
    private const string ProtocolType = "consumer";

    /// <summary>What a coordinator may take beyond the time that it waits for the others.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private SortedDictionary<string, int>? _shared;

    /// <summary>Nobody waits for it: the next sign of life looks at what is known by then.</summary>
    private readonly AsyncSignal _refreshed = new(runtime.Waiters);

    /// <summary>True when this member has shared out partitions that are no longer all there are.</summary>
    public bool MustShareAnew(IReadOnlyList<string> topics)
    {
        if (Volatile.Read(ref _shared) is not { } shared)
        {
            return false;
        }

        // Where there is nothing to read nobody else looks for fresh metadata, and a topic that was away would stay away.
        SortedDictionary<string, int> counts = CountsOf(metadata.Poll(_refreshed), shared.Keys.Union(topics, StringComparer.Ordinal));
        if (counts.ContainsValue(0))
        {
            metadata.Invalidate();
        }

        return !shared.SequenceEqual(counts);
    }

    /// <summary>Joins.</summary>
    /// <param name="topics">The topics that the member wants.</param>
    /// <param name="identity">Who it was.</param>
    /// <param name="owned">What it owns or owned until now, for its leader.</param>
    /// <param name="kept">What it goes on reading meanwhile, and needs no committed offset for.</param>
    /// <param name="goesOn">False once nobody waits for it any more.</param>
    /// <exception cref="KafkaException">It cannot be a member.</exception>
    public async ValueTask<JoinedGroup> RunAsync(
        IReadOnlyList<string> topics,
        GroupIdentity identity,
        IReadOnlyList<TopicPartition> owned,
        IReadOnlyList<TopicPartition> kept,
        Func<bool> goesOn
    )
    {
        Backoff backoff = runtime.NewBackoff();
        string memberId = identity.MemberId;
        int ownedIn = identity.Generation;
        while (true)
        {
            CallDeadline deadline = new(runtime.Waiters, options.MaxPollInterval + runtime.Options.CallTimeout);
            (JoinGroupResponse? joined, ErrorCode error, string reason) = await coordinator.TryCallAsync(
                ToJoin(topics, memberId, owned, ownedIn),
                static r => r.ErrorCode,
                deadline,
                options.MaxPollInterval + Grace
            );
            if (error == ErrorCode.None && joined is not null)
            {
                memberId = joined.MemberId;
                SyncGroupRequest sync = await ToSyncAsync(joined, deadline);
                (SyncGroupResponse? synced, error, reason) = await coordinator.TryCallAsync(
                    sync,
                    static r => r.ErrorCode,
                    deadline,
                    options.MaxPollInterval + Grace
                );
                if (error == ErrorCode.None && synced is not null)
                {
                    SortedSet<TopicPartition> partitions =
                    [
                        .. GroupSubscriptions.ReadAssignment(synced.Assignment)
                            ?? throw new KafkaException(
                                ErrorCode.InconsistentGroupProtocol,
                                $"the leader of group '{options.GroupId}' sent an assignment that cannot be read"
                            ),
                    ];
                    SortedDictionary<TopicPartition, OffsetAndEpoch> committed = await offsets.FetchAsync(
                        [.. partitions.Except(kept)],
                        deadline
                    );
                    return new JoinedGroup(new GroupIdentity(memberId, joined.GenerationId), partitions, committed);
                }
            }

            switch (error)
            {
                case ErrorCode.MemberIdRequired when joined is not null:
                    memberId = joined.MemberId;
                    continue;
                case ErrorCode.UnknownMemberId:
                    memberId = "";
                    break;
                case ErrorCode.RebalanceInProgress or ErrorCode.IllegalGeneration or ErrorCode.NetworkException:
                    break;
                case var other when !other.IsRetriable():
                    throw new KafkaException(other, $"group '{options.GroupId}' cannot be joined: {reason}");
            }

            if (!goesOn() || !await new CallDeadline(runtime.Waiters, Timeout.InfiniteTimeSpan).PauseAsync(backoff.Next()))
            {
                throw new KafkaException(
                    ErrorCode.NetworkException,
                    $"group '{options.GroupId}' was not joined before the consumer was closed: {reason}"
                );
            }
        }
    }

    private JoinGroupRequest ToJoin(IReadOnlyList<string> topics, string memberId, IReadOnlyList<TopicPartition> owned, int ownedIn)
    {
        byte[] subscription = GroupSubscriptions.Write(topics, owned, ownedIn, options.Rack.Length == 0 ? null : options.Rack);
        return new JoinGroupRequest
        {
            GroupId = options.GroupId!,
            SessionTimeoutMs = (int)options.SessionTimeout.TotalMilliseconds,
            RebalanceTimeoutMs = (int)options.MaxPollInterval.TotalMilliseconds,
            MemberId = memberId,
            GroupInstanceId = options.GroupInstanceId,
            ProtocolType = ProtocolType,
            Protocols =
            [
                .. options.Assignors.Select(assignor => new JoinGroupRequest.JoinGroupProtocol
                {
                    Name = assignor.Name,
                    Metadata = subscription,
                }),
            ],
        };
    }

    private async ValueTask<SyncGroupRequest> ToSyncAsync(JoinGroupResponse joined, CallDeadline deadline)
    {
        SyncGroupRequest request = new()
        {
            GroupId = options.GroupId!,
            GenerationId = joined.GenerationId,
            MemberId = joined.MemberId,
            GroupInstanceId = options.GroupInstanceId,
            ProtocolType = ProtocolType,
            ProtocolName = joined.ProtocolName,
        };
        Volatile.Write(ref _shared, null);
        if (joined.Leader == joined.MemberId && !joined.SkipAssignment)
        {
            IPartitionAssignor assignor =
                options.Assignors.FirstOrDefault(each => each.Name == joined.ProtocolName)
                ?? throw new KafkaException(
                    ErrorCode.InconsistentGroupProtocol,
                    $"group '{options.GroupId}' has chosen '{joined.ProtocolName}', which this member did not offer"
                );
            List<GroupSubscription> members =
            [
                .. joined.Members.Select(member => GroupSubscriptions.Read(member.MemberId, member.GroupInstanceId, member.Metadata)),
            ];
            SortedSet<string> topics = new(members.SelectMany(member => member.Topics), StringComparer.Ordinal);
            ClusterView view = await metadata.WithTopicsAsync(topics, deadline);
            foreach ((string member, List<TopicPartition> partitions) in assignor.Assign(RacksOf(view, topics), members))
            {
                request.Assignments.Add(new() { MemberId = member, Assignment = GroupSubscriptions.WriteAssignment(partitions) });
            }

            Volatile.Write(ref _shared, CountsOf(view, topics));
        }

        return request;
    }

    private static SortedDictionary<string, IReadOnlyList<IReadOnlyList<string>>> RacksOf(ClusterView view, IEnumerable<string> topics)
    {
        SortedDictionary<string, IReadOnlyList<IReadOnlyList<string>>> racks = new(StringComparer.Ordinal);
        foreach (string topic in topics)
        {
            if (view.TryGetTopic(topic, out TopicView? known) && known.Partitions.Count > 0)
            {
                racks.Add(topic, [.. known.Partitions.Select(partition => RacksOf(view, partition))]);
            }
        }

        return racks;
    }

    private static List<string> RacksOf(ClusterView view, PartitionView partition)
    {
        List<string> racks = [];
        foreach (NodeId replica in partition.Replicas)
        {
            if (view.TryGetBroker(replica, out BrokerView? broker) && broker.Rack is { } rack && !racks.Contains(rack))
            {
                racks.Add(rack);
            }
        }

        return racks;
    }

    private static SortedDictionary<string, int> CountsOf(ClusterView view, IEnumerable<string> topics)
    {
        SortedDictionary<string, int> counts = new(StringComparer.Ordinal);
        foreach (string topic in topics)
        {
            counts[topic] = view.TryGetTopic(topic, out TopicView? known) ? known.Partitions.Count : 0;
        }

        return counts;
    }
}
