using RaftLog.Coordination.Deadlines;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Protocol;
using RaftLog.Protocol.Groups;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups.Classic;

/// <summary>
/// A classic group: what is stored of it, which replay alone changes, and the live membership beside it. It decides nothing; <see
/// cref="ClassicGroups"/> does.
/// </summary>
internal sealed class ClassicGroup(string id) : Group(id)
{
    private readonly Dictionary<string, ClassicMember> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _staticMembers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Deadline> _pendingMembers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _pendingSyncs = new(StringComparer.Ordinal);

    /// <summary>What the log says; null for a group that has only offsets, or nothing yet.</summary>
    public GroupMetadataValue? Stored { get; set; }

    public ClassicGroupPhase Phase { get; private set; } = ClassicGroupPhase.Empty;

    public ClassicGroupPhase PreviousPhase { get; private set; } = ClassicGroupPhase.Empty;

    /// <summary>When it came into its phase, in milliseconds since 1970; null when that is not known.</summary>
    public long? PhaseSinceMs { get; private set; }

    public int Generation { get; private set; }

    /// <summary>What its members do together; null until it has had one.</summary>
    public string? ProtocolType { get; private set; }

    /// <summary>The protocol of the current generation; null where there is none.</summary>
    public string? Protocol { get; private set; }

    public string? LeaderId { get; private set; }

    /// <summary>
    /// The topics of the current generation; null when its members are no consumers, or say what cannot be read, which may be any topic.
    /// </summary>
    public HashSet<string>? SubscribedTopics { get; private set; }

    /// <summary>A member has joined since the initial delay began: the group waits once more.</summary>
    public bool HasNewMember { get; set; }

    /// <summary>How long the initial delay may still be extended, in milliseconds.</summary>
    public int InitialDelayLeftMs { get; set; }

    /// <summary>When the join phase ends.</summary>
    public Deadline JoinDeadline { get; } = new(DeadlineKind.ClassicJoin, id);

    /// <summary>When those that have not asked for their work are taken out.</summary>
    public Deadline SyncDeadline { get; } = new(DeadlineKind.ClassicSync, id);

    public IReadOnlyDictionary<string, ClassicMember> Members => _members;

    /// <summary>Member ids that were given out, each with the time at which it is forgotten.</summary>
    public IReadOnlyDictionary<string, Deadline> PendingMembers => _pendingMembers;

    public IReadOnlyCollection<string> PendingSyncs => _pendingSyncs;

    public int JoiningCount { get; private set; }

    /// <summary>True when nobody is missing: all members have joined again, and no id that was given out is expected back.</summary>
    public bool HasAllJoined => JoiningCount >= _members.Count && _pendingMembers.Count == 0;

    public bool IsConsumers => ProtocolType == ConsumerProtocol.Type;

    /// <summary>The longest time that one of its members may take to join again.</summary>
    public int RebalanceTimeoutMs => _members.Count == 0 ? 0 : _members.Values.Max(member => member.RebalanceTimeoutMs);

    /// <summary>True when there is nothing that would be missed: no members, no ids, and nothing stored.</summary>
    public bool IsForgettable => _members.Count == 0 && _pendingMembers.Count == 0 && Stored is null;

    public override string TypeName => "classic";

    public override string StateName => Phase.ToString();

    public override string ProtocolTypeName => ProtocolType ?? "";

    public override bool IsEmpty => Phase == ClassicGroupPhase.Empty;

    public override ErrorCode ValidateCommit(in CommitSender sender) => ClassicMembership.ValidateCommit(this, sender);

    public override ErrorCode ValidateFetch(string? memberId, int memberEpoch) => ErrorCode.None;

    public override ErrorCode ValidateOffsetDelete() => IsEmpty || IsConsumers ? ErrorCode.None : ErrorCode.NonEmptyGroup;

    public override bool IsSubscribedTo(string topic) => SubscribedTopics?.Contains(topic) ?? IsConsumers;

    public override long? UnusedSinceMs(long commitTimestampMs) =>
        ProtocolType switch
        {
            null => commitTimestampMs,
            _ when IsEmpty => PhaseSinceMs ?? commitTimestampMs,
            _ when Phase == ClassicGroupPhase.Stable && SubscribedTopics is not null => commitTimestampMs,
            _ => null,
        };

    public override void AppendTombstones(Outbox outbox) => outbox.Append(GroupRecords.ClassicTombstone(Id));

    public bool IsLeader(string memberId) => LeaderId == memberId;

    public string? StaticMember(string instanceId) => _staticMembers.GetValueOrDefault(instanceId);

    public void Enter(ClassicGroupPhase phase, long wallMs)
    {
        PreviousPhase = Phase;
        Phase = phase;
        PhaseSinceMs = wallMs;
    }

    /// <summary>Begins anew with what is stored: its members are taken for alive.</summary>
    public void Load()
    {
        if (Stored is not { } stored)
        {
            return;
        }

        foreach (GroupMetadataValue.MemberMetadata each in stored.Members)
        {
            ClassicMember member = new(Id, each.MemberId, each.GroupInstanceId)
            {
                ClientId = each.ClientId,
                ClientHost = each.ClientHost,
                RebalanceTimeoutMs = each.RebalanceTimeout,
                SessionTimeoutMs = each.SessionTimeout,
                Protocols = [new ClassicProtocol(stored.Protocol ?? "", each.Subscription)],
                Assignment = each.Assignment,
            };
            Add(member, stored.ProtocolType);
        }

        Restore(stored);
    }

    /// <summary>Takes over generation, protocol and leader as they are stored; the members are there.</summary>
    public void Restore(GroupMetadataValue stored)
    {
        Phase = _members.Count == 0 ? ClassicGroupPhase.Empty : ClassicGroupPhase.Stable;
        PreviousPhase = Phase;
        PhaseSinceMs = stored.CurrentStateTimestamp == -1 ? null : stored.CurrentStateTimestamp;
        Generation = stored.Generation;
        ProtocolType = stored.ProtocolType.Length == 0 ? null : stored.ProtocolType;
        Protocol = stored.Protocol;
        LeaderId = stored.Leader;
        SubscribedTopics = ReadSubscribedTopics();
    }

    /// <summary>Goes on from what the group was in another form: its members have their work, and a generation.</summary>
    public void Continue(int generation, long wallMs)
    {
        Generation = generation;
        Protocol = SelectProtocol();
        SubscribedTopics = ReadSubscribedTopics();
        Phase = ClassicGroupPhase.Stable;
        PreviousPhase = Phase;
        PhaseSinceMs = wallMs;
    }

    public void Add(ClassicMember member, string protocolType)
    {
        if (_members.Count == 0)
        {
            ProtocolType = protocolType;
        }

        LeaderId ??= member.Id;
        _members.Add(member.Id, member);
        if (member.InstanceId is { } instanceId)
        {
            _staticMembers[instanceId] = member.Id;
        }

        JoiningCount += member.Join is null ? 0 : 1;
    }

    public void Remove(ClassicMember member)
    {
        if (!_members.Remove(member.Id))
        {
            return;
        }

        JoiningCount -= member.Join is null ? 0 : 1;
        if (member.InstanceId is { } instanceId && _staticMembers.GetValueOrDefault(instanceId) == member.Id)
        {
            _staticMembers.Remove(instanceId);
        }

        if (IsLeader(member.Id))
        {
            LeaderId = _members.Keys.FirstOrDefault();
        }

        _pendingSyncs.Remove(member.Id);
    }

    /// <summary>A static member comes back with a new id and takes the place of the old one.</summary>
    public void Replace(ClassicMember old, ClassicMember successor)
    {
        bool wasLeader = IsLeader(old.Id);
        Remove(old);
        Add(successor, ProtocolType!);
        LeaderId = wasLeader ? successor.Id : LeaderId;
    }

    public void SetJoin(ClassicMember member, PendingGroupRequest? join)
    {
        JoiningCount += (join is null ? 0 : 1) - (member.Join is null ? 0 : 1);
        member.Join = join;
    }

    public void AddPendingMember(string memberId, Deadline deadline) => _pendingMembers[memberId] = deadline;

    public bool RemovePendingMember(string memberId, out Deadline? deadline) => _pendingMembers.Remove(memberId, out deadline);

    public void ExpectSync(string memberId) => _pendingSyncs.Add(memberId);

    public void HasSynced(string memberId) => _pendingSyncs.Remove(memberId);

    /// <summary>True when a joiner can share the work with the members: same type, and a protocol that all know.</summary>
    public bool CanWorkWith(string protocolType, List<JoinGroupRequest.JoinGroupProtocol> protocols)
    {
        if (_members.Count == 0)
        {
            return protocolType.Length > 0 && protocols.Count > 0;
        }

        return ProtocolType == protocolType && protocols.Any(protocol => _members.Values.All(member => member.Knows(protocol.Name)));
    }

    /// <summary>
    /// The protocol that most members like best of those that all know. Of equals it is the one that the first member prefers: every node
    /// chooses alike.
    /// </summary>
    public string? SelectProtocol()
    {
        if (_members.Count == 0)
        {
            return null;
        }

        List<string> candidates =
        [
            .. _members.Values.First().Protocols.Select(each => each.Name).Where(name => _members.Values.All(member => member.Knows(name))),
        ];
        Dictionary<string, int> votes = new(StringComparer.Ordinal);
        foreach (ClassicMember member in _members.Values)
        {
            string? choice = member.Protocols.Select(each => each.Name).FirstOrDefault(candidates.Contains);
            if (choice is not null)
            {
                votes[choice] = votes.GetValueOrDefault(choice) + 1;
            }
        }

        return candidates.MaxBy(name => votes.GetValueOrDefault(name));
    }

    /// <summary>Makes sure that the leader is one of those that have joined; false when none has.</summary>
    public bool ElectJoinedLeader()
    {
        if (LeaderId is { } leader && _members.TryGetValue(leader, out ClassicMember? current) && current.Join is not null)
        {
            return true;
        }

        if (_members.Values.FirstOrDefault(member => member.Join is not null) is not { } joined)
        {
            return false;
        }

        LeaderId = joined.Id;
        return true;
    }

    /// <summary>The next generation begins, of those that are members now.</summary>
    public void BeginGeneration(long wallMs)
    {
        Generation++;
        _pendingSyncs.Clear();
        Protocol = SelectProtocol();
        LeaderId = _members.Count == 0 ? null : LeaderId;
        SubscribedTopics = ReadSubscribedTopics();
        Enter(_members.Count == 0 ? ClassicGroupPhase.Empty : ClassicGroupPhase.CompletingRebalance, wallMs);
    }

    /// <summary>What is to be stored of the current generation.</summary>
    public GroupMetadataValue ToStored() =>
        new()
        {
            ProtocolType = ProtocolType ?? "",
            Generation = Generation,
            Protocol = Protocol,
            Leader = LeaderId,
            CurrentStateTimestamp = PhaseSinceMs ?? -1,
            Members =
            [
                .. _members.Values.Select(member => new GroupMetadataValue.MemberMetadata
                {
                    MemberId = member.Id,
                    GroupInstanceId = member.InstanceId,
                    ClientId = member.ClientId,
                    ClientHost = member.ClientHost,
                    RebalanceTimeout = member.RebalanceTimeoutMs,
                    SessionTimeout = member.SessionTimeoutMs,
                    Subscription = MessageBytes.Of(member.MetadataFor(Protocol)),
                    Assignment = MessageBytes.Of(member.Assignment),
                }),
            ],
        };

    private HashSet<string>? ReadSubscribedTopics()
    {
        if (!IsConsumers)
        {
            return null;
        }

        HashSet<string> topics = new(StringComparer.Ordinal);
        foreach (ClassicMember member in _members.Values)
        {
            if (ConsumerProtocol.TryReadSubscription(member.MetadataFor(Protocol)) is not { } subscription)
            {
                return null;
            }

            topics.UnionWith(subscription.Topics);
        }

        return topics;
    }
}
