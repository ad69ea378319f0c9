using RaftLog.Coordination.Deadlines;
using RaftLog.Coordination.Groups.Classic;
using RaftLog.Coordination.Groups.Consumer;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Offsets;
using RaftLog.Coordination.Topics;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups;

/// <summary>
/// The groups and committed offsets of one partition of <c>__consumer_offsets</c>. Each command takes a request of one API as it was
/// read; the caller has checked that the client may send it. Requests about several groups hold those of this partition only.
/// </summary>
public sealed class GroupCoordinatorState : ICoordinatorState
{
    /// <summary>The first version of SyncGroup in which a member says what it takes the group's protocol for.</summary>
    private const short SyncNamesProtocol = 5;

    /// <summary>The first version of LeaveGroup that names several members.</summary>
    private const short LeaveNamesMembers = 3;

    /// <summary>How soon work goes on that is too much for one batch of records.</summary>
    private const int ContinueMs = 1;

    private readonly IGroupSettings _settings;
    private readonly DeadlineQueue _deadlines = new();
    private readonly Deadline _expiry = new(DeadlineKind.OffsetExpiry);
    private readonly GroupTable _groups = new();
    private readonly OffsetTable _offsets = new();
    private readonly Queue<(string Name, Uuid Id)> _goneTopics = new();
    private readonly GroupReplay _replay;
    private readonly OffsetCommits _commits;
    private readonly OffsetReads _reads;
    private readonly OffsetDeletion _deletion;
    private readonly GroupAdministration _administration;
    private readonly ClassicGroups _classic;
    private readonly ClassicJoin _classicJoin;
    private readonly ConsumerGroups _consumer;
    private readonly ClassicProtocolMembers _classicProtocol;
    private readonly ConsumerDescription _description;

    /// <summary>An empty partition, into which the log is replayed.</summary>
    /// <param name="settings">The configuration.</param>
    /// <param name="topics">The cluster's topics.</param>
    public GroupCoordinatorState(IGroupSettings settings, ITopicsView topics)
    {
        _settings = settings;
        _replay = new GroupReplay(_groups, _offsets);
        _commits = new OffsetCommits(settings, topics, _groups);
        _reads = new OffsetReads(topics, _groups, _offsets);
        _deletion = new OffsetDeletion(settings, topics, _groups, _offsets);
        _administration = new GroupAdministration(_groups, _deletion);
        ClassicRebalance rebalance = new(settings, _deadlines);
        _classic = new ClassicGroups(settings, _deadlines, rebalance);
        _classicJoin = new ClassicJoin(settings, _deadlines, rebalance);
        GroupMigration migration = new(settings, topics, _groups, _deadlines, rebalance);
        _consumer = new ConsumerGroups(settings, topics, _groups, _deadlines, migration);
        _classicProtocol = new ClassicProtocolMembers(settings, topics, _deadlines, _consumer, migration);
        _description = new ConsumerDescription(settings, topics, _groups);
    }

    /// <summary>The groups; what is stored of them changes with replay only.</summary>
    internal GroupTable Groups => _groups;

    /// <summary>The committed and staged offsets, which change with replay only.</summary>
    internal OffsetTable Offsets => _offsets;

    /// <inheritdoc />
    public long NextDeadlineMs => _deadlines.NextMs;

    /// <inheritdoc />
    public void Replay(in CoordinatorRecord record, in RecordOrigin origin) => _replay.Replay(record, origin);

    /// <inheritdoc />
    public void ReplayMarker(ProducerId producer, ProducerEpoch epoch, bool isCommit, Offset offset) =>
        _replay.ReplayMarker(producer, isCommit);

    /// <inheritdoc />
    public void Activate(CoordinatorTime now, Outbox outbox)
    {
        _replay.Complete();
        foreach (Group group in _groups.All)
        {
            if (group is ClassicGroup classic)
            {
                _classic.Activate(classic, now, outbox);
            }
            else if (group is ConsumerGroup consumer)
            {
                _consumer.Activate(consumer, now);
            }
        }

        _deadlines.Set(_expiry, now.MonotonicMs + _settings.Offsets.RetentionCheckIntervalMs);
    }

    /// <inheritdoc />
    public void Tick(CoordinatorTime now, Outbox outbox)
    {
        // One batch of records at a time: what is due about a group must see what has just been decided about it.
        while (outbox.Records.Count == 0 && _deadlines.TryTake(now.MonotonicMs, out Deadline deadline))
        {
            if (deadline == _expiry)
            {
                Expire(now, outbox);
            }
            else if (_groups.TryFind(deadline.GroupId, out ClassicGroup? classic))
            {
                _classic.IsDue(classic, deadline, now, outbox);
                Forget(classic, outbox);
            }
            else if (_groups.TryFind(deadline.GroupId, out ConsumerGroup? consumer))
            {
                _consumer.IsDue(consumer, deadline, now, outbox);
            }
        }
    }

    /// <summary>Topics have been deleted: so are the offsets that were committed for them.</summary>
    public void TopicsDeleted(IReadOnlyList<(string Name, Uuid Id)> topics, CoordinatorTime now, Outbox outbox)
    {
        foreach ((string, Uuid) topic in topics)
        {
            _goneTopics.Enqueue(topic);
        }

        DeleteGoneTopics(now, outbox);
    }

    /// <summary>Joins a classic group.</summary>
    public void JoinGroup(in GroupCaller caller, JoinGroupRequest request, CoordinatorTime now, Outbox outbox)
    {
        ClassicGroupSettings settings = _settings.Classic;
        Group? group = _groups.Find(request.GroupId);
        ErrorCode error =
            request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId
            : request.SessionTimeoutMs < settings.MinSessionTimeoutMs || request.SessionTimeoutMs > settings.MaxSessionTimeoutMs
                ? ErrorCode.InvalidSessionTimeout
            : group is null && request.MemberId.Length > 0 ? ErrorCode.UnknownMemberId
            : group is null && _groups.IsFull ? ErrorCode.CoordinatorNotAvailable
            : group is ConsumerGroup { IsEmpty: true } && request.MemberId.Length > 0 ? ErrorCode.UnknownMemberId
            : ErrorCode.None;
        if (error != ErrorCode.None)
        {
            outbox.Respond(caller.Request, ClassicResponses.JoinError(caller.ApiVersion, request.MemberId, error));
            return;
        }

        if (group is ConsumerGroup { IsEmpty: false } consumer)
        {
            outbox.Respond(caller.Request, _classicProtocol.Join(consumer, caller, request, now, outbox));
            return;
        }

        if (group is not ClassicGroup classic)
        {
            // A consumer group without members becomes a classic one, and keeps its offsets.
            group?.AppendTombstones(outbox);
            classic = new ClassicGroup(request.GroupId);
            _groups.Put(classic);
        }

        _classicJoin.Join(classic, caller, request, now, outbox);
        if (group is null && outbox.Records.Count == 0 && !classic.IsForgettable)
        {
            // The log says that there is a group before it says who is in it, as Kafka's does.
            outbox.Append(
                GroupRecords.Classic(
                    classic.Id,
                    new GroupMetadataValue
                    {
                        Protocol = null,
                        Leader = null,
                        CurrentStateTimestamp = classic.PhaseSinceMs ?? now.WallMs,
                    }
                )
            );
        }

        Forget(classic, outbox);
    }

    /// <summary>Asks for a member's work in a generation of a classic group.</summary>
    public void SyncGroup(in GroupCaller caller, SyncGroupRequest request, CoordinatorTime now, Outbox outbox)
    {
        if (request.GroupId.Length == 0)
        {
            outbox.Respond(caller.Request, ClassicResponses.SyncError(ErrorCode.InvalidGroupId));
        }
        else if (caller.ApiVersion >= SyncNamesProtocol && (request.ProtocolType is null || request.ProtocolName is null))
        {
            outbox.Respond(caller.Request, ClassicResponses.SyncError(ErrorCode.InconsistentGroupProtocol));
        }
        else if (_groups.TryFind(request.GroupId, out ClassicGroup? classic))
        {
            _classic.Sync(classic, caller, request, now, outbox);
        }
        else if (_groups.TryFind(request.GroupId, out ConsumerGroup? consumer))
        {
            outbox.Respond(caller.Request, _classicProtocol.Sync(consumer, request));
        }
        else
        {
            outbox.Respond(caller.Request, ClassicResponses.SyncError(ErrorCode.UnknownMemberId));
        }
    }

    /// <summary>Keeps the session of a member of a classic group alive.</summary>
    public void Heartbeat(in GroupCaller caller, HeartbeatRequest request, CoordinatorTime now, Outbox outbox)
    {
        ErrorCode error =
            request.GroupId.Length == 0 ? ErrorCode.InvalidGroupId
            : _groups.TryFind(request.GroupId, out ClassicGroup? classic) ? _classic.Heartbeat(classic, request, now)
            : _groups.TryFind(request.GroupId, out ConsumerGroup? consumer) ? _classicProtocol.Heartbeat(consumer, request, now)
            : ErrorCode.UnknownMemberId;
        outbox.Respond(caller.Request, new HeartbeatResponse { ErrorCode = error });
    }

    /// <summary>Takes members out of a group.</summary>
    public void LeaveGroup(in GroupCaller caller, LeaveGroupRequest request, CoordinatorTime now, Outbox outbox)
    {
        LeaveGroupResponse response = new();
        if (request.GroupId.Length == 0)
        {
            response.ErrorCode = ErrorCode.InvalidGroupId;
            outbox.Respond(caller.Request, response);
            return;
        }

        List<LeaveGroupRequest.MemberIdentity> members =
            caller.ApiVersion >= LeaveNamesMembers
                ? request.Members
                : [new LeaveGroupRequest.MemberIdentity { MemberId = request.MemberId }];
        response.Members = _groups.Find(request.GroupId) switch
        {
            ClassicGroup classic => _classic.Leave(classic, members, now, outbox),
            ConsumerGroup consumer => _consumer.Leave(consumer, members, now, outbox),
            _ =>
            [
                .. members.Select(each => new LeaveGroupResponse.MemberResult
                {
                    MemberId = each.MemberId,
                    GroupInstanceId = each.GroupInstanceId,
                    ErrorCode = ErrorCode.UnknownMemberId,
                }),
            ],
        };
        if (caller.ApiVersion < LeaveNamesMembers)
        {
            response.ErrorCode = response.Members[0].ErrorCode;
        }

        outbox.Respond(caller.Request, response);
        if (_groups.TryFind(request.GroupId, out ClassicGroup? left))
        {
            Forget(left, outbox);
        }
    }

    /// <summary>Commits offsets.</summary>
    public void OffsetCommit(in GroupCaller caller, OffsetCommitRequest request, CoordinatorTime now, Outbox outbox)
    {
        outbox.Respond(caller.Request, _commits.Commit(caller, request, now, outbox));

        // A member of a classic group that commits is alive.
        if (
            outbox.Records.Count > 0
            && _groups.TryFind(request.GroupId, out ClassicGroup? classic)
            && classic.Phase is ClassicGroupPhase.Stable or ClassicGroupPhase.PreparingRebalance
        )
        {
            _classic.RenewSession(classic, request.MemberId, now);
        }
    }

    /// <summary>Commits offsets as part of a producer's transaction; the records are to be appended in the producer's name.</summary>
    public void TxnOffsetCommit(in GroupCaller caller, TxnOffsetCommitRequest request, CoordinatorTime now, Outbox outbox) =>
        outbox.Respond(caller.Request, _commits.Commit(caller, request, now, outbox));

    /// <summary>Reads committed offsets.</summary>
    public void OffsetFetch(in GroupCaller caller, OffsetFetchRequest request, CoordinatorTime now, Outbox outbox) =>
        outbox.Respond(caller.Request, _reads.Fetch(caller.ApiVersion, request));

    /// <summary>Deletes committed offsets.</summary>
    public void OffsetDelete(in GroupCaller caller, OffsetDeleteRequest request, CoordinatorTime now, Outbox outbox) =>
        outbox.Respond(
            caller.Request,
            request.GroupId.Length == 0
                ? new OffsetDeleteResponse { ErrorCode = ErrorCode.InvalidGroupId }
                : _deletion.Delete(request, outbox)
        );

    /// <summary>Describes classic groups.</summary>
    public void DescribeGroups(in GroupCaller caller, DescribeGroupsRequest request, CoordinatorTime now, Outbox outbox) =>
        outbox.Respond(caller.Request, _administration.Describe(caller.ApiVersion, request));

    /// <summary>Lists the groups of this partition.</summary>
    public void ListGroups(in GroupCaller caller, ListGroupsRequest request, CoordinatorTime now, Outbox outbox) =>
        outbox.Respond(caller.Request, _administration.List(request));

    /// <summary>Deletes groups that have no members.</summary>
    public void DeleteGroups(in GroupCaller caller, DeleteGroupsRequest request, CoordinatorTime now, Outbox outbox) =>
        outbox.Respond(caller.Request, _administration.Delete(request, outbox));

    /// <summary>Joins a consumer group, keeps the session alive, or leaves (KIP-848).</summary>
    public void ConsumerGroupHeartbeat(in GroupCaller caller, ConsumerGroupHeartbeatRequest request, CoordinatorTime now, Outbox outbox) =>
        outbox.Respond(caller.Request, _consumer.Heartbeat(caller, request, now, outbox));

    /// <summary>Describes consumer groups.</summary>
    public void ConsumerGroupDescribe(in GroupCaller caller, ConsumerGroupDescribeRequest request, CoordinatorTime now, Outbox outbox) =>
        outbox.Respond(caller.Request, _description.Describe(request));

    private void Expire(CoordinatorTime now, Outbox outbox)
    {
        DeleteGoneTopics(now, outbox);
        bool isDone = _goneTopics.Count == 0 && _administration.Expire(now, outbox);
        _deadlines.Set(_expiry, now.MonotonicMs + (isDone ? _settings.Offsets.RetentionCheckIntervalMs : ContinueMs));
    }

    private void DeleteGoneTopics(CoordinatorTime now, Outbox outbox)
    {
        while (_goneTopics.TryPeek(out (string Name, Uuid Id) topic))
        {
            if (!_deletion.DeleteTopic(topic.Name, topic.Id, outbox))
            {
                _deadlines.Set(_expiry, now.MonotonicMs + ContinueMs);
                return;
            }

            _goneTopics.Dequeue();
        }
    }

    /// <summary>A group that requests have made, and that has come to nothing, leaves no trace.</summary>
    private void Forget(ClassicGroup group, Outbox outbox)
    {
        if (outbox.Records.Count == 0 && group.IsForgettable && _offsets.Find(group.Id) is null && group.Phase == ClassicGroupPhase.Empty)
        {
            _groups.Remove(group.Id);
        }
    }
}
