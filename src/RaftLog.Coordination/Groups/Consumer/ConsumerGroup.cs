using RaftLog.Coordination.Groups.Records;
using RaftLog.Protocol;
using RaftLog.Protocol.Groups;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>
/// A consumer group (KIP-848): what the log says of it, which replay alone changes, and its members' deadlines beside it.
/// </summary>
internal sealed class ConsumerGroup(string id) : Group(id)
{
    /// <summary>The epoch of a group that has just been made: the first change makes it 2, as in Kafka.</summary>
    public const int FirstEpoch = 1;

    /// <summary>The first version of OffsetCommit for members of consumer groups.</summary>
    private const short FirstVersionForMembers = 9;

    private readonly SortedDictionary<string, ConsumerMember> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _staticMembers = new(StringComparer.Ordinal);
    private readonly Dictionary<TopicIdPartition, string> _owners = [];
    private readonly SortedDictionary<string, IReadOnlyList<TopicIdPartition>> _targets = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ResolvedRegex> _regexes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MemberDeadlines> _deadlines = new(StringComparer.Ordinal);

    /// <summary>Counts changes of the members' subscriptions and of their topics.</summary>
    public int Epoch { get; set; } = FirstEpoch;

    /// <summary>A hash of the topics that the members subscribe to.</summary>
    public long MetadataHash { get; set; }

    /// <summary>The group epoch that the target was made for.</summary>
    public int TargetEpoch { get; set; }

    /// <summary>When the target was made, in milliseconds since 1970; 0 when that is not known.</summary>
    public long TargetTimestampMs { get; set; }

    /// <summary>The version of the cluster's metadata that the group has last been compared with; it is not kept.</summary>
    public long ComparedVersion { get; set; } = -1;

    public IReadOnlyDictionary<string, ConsumerMember> Members => _members;

    public IReadOnlyDictionary<string, IReadOnlyList<TopicIdPartition>> Targets => _targets;

    public IReadOnlyDictionary<string, ResolvedRegex> Regexes => _regexes;

    public override string TypeName => "consumer";

    public override string ProtocolTypeName => ConsumerProtocol.Type;

    public override bool IsEmpty => _members.Count == 0;

    public override string StateName =>
        _members.Count == 0 ? "Empty"
        : Epoch > TargetEpoch ? "Assigning"
        : _members.Values.All(member => member.State == ConsumerMemberState.Stable && member.Epoch == TargetEpoch) ? "Stable"
        : "Reconciling";

    /// <summary>Who owns a partition, or has to give it up; null for nobody.</summary>
    public string? OwnerOf(TopicIdPartition partition) => _owners.GetValueOrDefault(partition);

    public string? StaticMember(string instanceId) => _staticMembers.GetValueOrDefault(instanceId);

    public IReadOnlyList<TopicIdPartition> TargetOf(string memberId) => _targets.GetValueOrDefault(memberId) ?? [];

    /// <summary>The deadlines of a member.</summary>
    public MemberDeadlines DeadlinesOf(string memberId)
    {
        if (!_deadlines.TryGetValue(memberId, out MemberDeadlines? found))
        {
            found = new MemberDeadlines(Id, memberId);
            _deadlines.Add(memberId, found);
        }

        return found;
    }

    public bool RemoveDeadlines(string memberId, out MemberDeadlines? deadlines) => _deadlines.Remove(memberId, out deadlines);

    /// <summary>A member is there, or has changed; null when it is gone.</summary>
    public void SetMember(string memberId, ConsumerMember? member)
    {
        if (_members.TryGetValue(memberId, out ConsumerMember? before))
        {
            Disown(before);
            if (before.InstanceId is { } oldName && _staticMembers.GetValueOrDefault(oldName) == memberId)
            {
                _staticMembers.Remove(oldName);
            }
        }

        if (member is null)
        {
            _members.Remove(memberId);
            return;
        }

        _members[memberId] = member;
        if (member.InstanceId is { } name)
        {
            _staticMembers[name] = memberId;
        }

        foreach (OwnedPartition owned in member.Assigned)
        {
            _owners[owned.Partition] = memberId;
        }

        foreach (OwnedPartition owned in member.PendingRevocation)
        {
            _owners[owned.Partition] = memberId;
        }
    }

    /// <summary>The target of a member; null when it has none any more.</summary>
    public void SetTarget(string memberId, IReadOnlyList<TopicIdPartition>? target)
    {
        if (target is null)
        {
            _targets.Remove(memberId);
        }
        else
        {
            _targets[memberId] = target;
        }
    }

    /// <summary>What a regular expression matches; null when nobody uses it any more.</summary>
    public void SetRegex(string regex, ResolvedRegex? resolved)
    {
        if (resolved is null)
        {
            _regexes.Remove(regex);
        }
        else
        {
            _regexes[regex] = resolved;
        }
    }

    public override ErrorCode ValidateCommit(in CommitSender sender)
    {
        if (sender.Generation < 0 && IsEmpty)
        {
            // From outside, by an admin client or a consumer that assigns itself.
            return ErrorCode.None;
        }

        if (sender.Kind == CommitKind.Transactional && sender.NamesNobody)
        {
            // Old producers know no member to name; the transaction alone fences them.
            return ErrorCode.None;
        }

        if (!_members.TryGetValue(sender.MemberId, out ConsumerMember? member))
        {
            return ErrorCode.UnknownMemberId;
        }

        if (member.Classic is not null)
        {
            return sender.Generation == member.Epoch ? ErrorCode.None : ErrorCode.IllegalGeneration;
        }

        if (sender.Kind == CommitKind.Plain && sender.ApiVersion < FirstVersionForMembers)
        {
            return ErrorCode.UnsupportedVersion;
        }

        return sender.Generation > member.Epoch ? Stale(sender.Kind) : ErrorCode.None;
    }

    public override ErrorCode ValidateCommit(in CommitSender sender, Uuid topicId, int partition)
    {
        if (!_members.TryGetValue(sender.MemberId, out ConsumerMember? member) || sender.Generation == member.Epoch)
        {
            return ErrorCode.None;
        }

        // An older epoch is good for what the member has owned since then (KIP-1251).
        TopicIdPartition wanted = new(topicId, partition);
        foreach (OwnedPartition owned in member.Assigned.Concat(member.PendingRevocation))
        {
            if (owned.Partition == wanted && owned.SinceEpoch <= sender.Generation)
            {
                return ErrorCode.None;
            }
        }

        return Stale(sender.Kind);
    }

    public override ErrorCode ValidateFetch(string? memberId, int memberEpoch) =>
        memberId is null && memberEpoch < 0 ? ErrorCode.None
        : memberId is null || !_members.TryGetValue(memberId, out ConsumerMember? member) ? ErrorCode.UnknownMemberId
        : member.Epoch == memberEpoch ? ErrorCode.None
        : ErrorCode.StaleMemberEpoch;

    public override ErrorCode ValidateOffsetDelete() => ErrorCode.None;

    public override bool IsSubscribedTo(string topic) =>
        _members.Values.Any(member =>
            member.Topics.Contains(topic, StringComparer.Ordinal)
            || (_regexes.TryGetValue(member.Regex, out ResolvedRegex? resolved) && resolved.Topics.Contains(topic, StringComparer.Ordinal))
        );

    public override long? UnusedSinceMs(long commitTimestampMs) => commitTimestampMs;

    public override void AppendTombstones(Outbox outbox)
    {
        foreach (string memberId in _members.Keys)
        {
            outbox.Append(ConsumerRecords.CurrentTombstone(Id, memberId));
        }

        foreach (string memberId in _targets.Keys)
        {
            outbox.Append(ConsumerRecords.TargetTombstone(Id, memberId));
        }

        outbox.Append(ConsumerRecords.TargetEpochTombstone(Id));
        foreach (string memberId in _members.Keys)
        {
            outbox.Append(ConsumerRecords.MemberTombstone(Id, memberId));
        }

        foreach (string regex in _regexes.Keys)
        {
            outbox.Append(ConsumerRecords.RegexTombstone(Id, regex));
        }

        outbox.Append(ConsumerRecords.GroupTombstone(Id));
    }

    // A transaction's commit has no other word for it.
    private static ErrorCode Stale(CommitKind kind) => kind == CommitKind.Plain ? ErrorCode.StaleMemberEpoch : ErrorCode.IllegalGeneration;

    private void Disown(ConsumerMember member)
    {
        foreach (OwnedPartition owned in member.Assigned.Concat(member.PendingRevocation))
        {
            if (_owners.GetValueOrDefault(owned.Partition) == member.Id)
            {
                _owners.Remove(owned.Partition);
            }
        }
    }
}
