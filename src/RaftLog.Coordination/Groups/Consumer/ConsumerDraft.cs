using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Topics;
using RaftLog.Protocol;
using RaftLog.Protocol.Groups;

namespace RaftLog.Coordination.Groups.Consumer;

/// <summary>
/// A consumer group as it will be once the records of one input have been replayed: members that come, change and go, the group's epoch,
/// its target. The group itself is not touched.
/// </summary>
internal sealed class ConsumerDraft
{
    private readonly ConsumerGroup _group;
    private readonly ITopicsView _topics;
    private readonly CoordinatorTime _now;
    private readonly Outbox _outbox;
    private readonly SortedDictionary<string, ConsumerMember> _members;
    private readonly Dictionary<string, ResolvedRegex> _regexes;
    private readonly Dictionary<string, IReadOnlyList<TopicIdPartition>> _targets = new(StringComparer.Ordinal);
    private bool _isChanged;

    public ConsumerDraft(ConsumerGroup group, ITopicsView topics, CoordinatorTime now, Outbox outbox)
    {
        _group = group;
        _topics = topics;
        _now = now;
        _outbox = outbox;
        _members = new SortedDictionary<string, ConsumerMember>(StringComparer.Ordinal);
        foreach ((string id, ConsumerMember member) in group.Members)
        {
            _members.Add(id, member);
        }

        _regexes = new Dictionary<string, ResolvedRegex>(group.Regexes, StringComparer.Ordinal);
        Epoch = group.Epoch;
        TargetEpoch = group.TargetEpoch;
    }

    public int Epoch { get; private set; }

    public int TargetEpoch { get; private set; }

    public IReadOnlyDictionary<string, ConsumerMember> Members => _members;

    /// <summary>A member comes, or says something new of itself.</summary>
    public void Put(ConsumerMember member)
    {
        ConsumerMember? before = _members.GetValueOrDefault(member.Id);
        _members[member.Id] = member;
        if (before is null || !before.SaysTheSameAs(member))
        {
            _outbox.Append(ConsumerRecords.Member(_group.Id, member));
        }

        _isChanged |= WantsOtherTopics(before, member);
        if (member.Regex.Length > 0 && !_regexes.ContainsKey(member.Regex))
        {
            Resolve(member.Regex);
        }

        ForgetRegex(before?.Regex);
    }

    /// <summary>A member goes.</summary>
    public void Remove(string memberId)
    {
        ConsumerMember member = _members[memberId];
        _members.Remove(memberId);
        _outbox.Append(ConsumerRecords.CurrentTombstone(_group.Id, memberId));
        _outbox.Append(ConsumerRecords.TargetTombstone(_group.Id, memberId));
        _outbox.Append(ConsumerRecords.MemberTombstone(_group.Id, memberId));
        _isChanged = true;
        ForgetRegex(member.Regex);
    }

    /// <summary>A static member comes back under another id and takes over what its predecessor had.</summary>
    public void Replace(ConsumerMember old, ConsumerMember successor)
    {
        _members.Remove(old.Id);
        _outbox.Append(ConsumerRecords.CurrentTombstone(_group.Id, old.Id));
        _outbox.Append(ConsumerRecords.TargetTombstone(_group.Id, old.Id));
        _outbox.Append(ConsumerRecords.MemberTombstone(_group.Id, old.Id));
        _members[successor.Id] = successor;
        _outbox.Append(ConsumerRecords.Member(_group.Id, successor));
        IReadOnlyList<TopicIdPartition> target = _group.TargetOf(old.Id);
        _targets[successor.Id] = target;
        _outbox.Append(ConsumerRecords.Target(_group.Id, successor.Id, target));
        _outbox.Append(ConsumerRecords.Current(_group.Id, successor));
    }

    /// <summary>Matches the group's regular expressions again where topics have come or gone.</summary>
    public void RefreshRegexes()
    {
        foreach ((string regex, ResolvedRegex resolved) in _group.Regexes)
        {
            if (_regexes.ContainsKey(regex) && resolved.Version != _topics.Version)
            {
                Resolve(regex);
            }
        }
    }

    /// <summary>True when the topics that the members subscribe to are not what they were.</summary>
    public bool HasOtherTopics() => Hash() != _group.MetadataHash;

    /// <summary>Raises the group's epoch when members or their topics have changed.</summary>
    public void Bump()
    {
        long hash = Hash();
        if (_isChanged || hash != _group.MetadataHash)
        {
            Epoch++;
            _outbox.Append(ConsumerRecords.Group(_group.Id, Epoch, hash));
            if (_members.Count == 0 && _group.TargetEpoch < Epoch)
            {
                // Nobody is left to assign to: an empty group waits for no assignment (KAFKA-20442).
                TargetEpoch = Epoch;
                _outbox.Append(ConsumerRecords.TargetEpoch(_group.Id, TargetEpoch, _group.TargetTimestampMs));
            }
        }
    }

    /// <summary>Makes a new target when the group's epoch asks for one and the last one is old enough.</summary>
    public void Assign(ConsumerGroupSettings settings)
    {
        if (
            Epoch <= TargetEpoch
            || _members.Count == 0
            || (
                _group.TargetTimestampMs != 0
                && _now.WallMs - _group.TargetTimestampMs < settings.AssignmentIntervalMs
                && _now.WallMs >= _group.TargetTimestampMs
            )
        )
        {
            return;
        }

        string assignor = TargetAssignment.SelectAssignor(_members.Values, settings);
        Dictionary<string, List<TopicIdPartition>> target = TargetAssignment.Compute(
            assignor,
            _members.Values.Select(member => (member, TopicsOf(member))),
            _group,
            _topics
        );
        foreach (ConsumerMember member in _members.Values)
        {
            List<TopicIdPartition> own = target[member.Id];
            if (!_group.Targets.TryGetValue(member.Id, out IReadOnlyList<TopicIdPartition>? before) || !own.SequenceEqual(before))
            {
                _outbox.Append(ConsumerRecords.Target(_group.Id, member.Id, own));
            }

            _targets[member.Id] = own;
        }

        TargetEpoch = Epoch;
        _outbox.Append(ConsumerRecords.TargetEpoch(_group.Id, TargetEpoch, _now.WallMs));
    }

    /// <summary>What a member shall own, of the topics that it subscribes to now.</summary>
    public List<TopicIdPartition> TargetOf(ConsumerMember member)
    {
        HashSet<Uuid> wanted = [];
        foreach (string name in TopicsOf(member))
        {
            if (_topics.TryFind(name, out TopicFacts? topic))
            {
                wanted.Add(topic.Id);
            }
        }

        return
        [
            .. (_targets.GetValueOrDefault(member.Id) ?? _group.TargetOf(member.Id)).Where(partition => wanted.Contains(partition.TopicId)),
        ];
    }

    private IEnumerable<string> TopicsOf(ConsumerMember member) =>
        member.Regex.Length > 0 && _regexes.TryGetValue(member.Regex, out ResolvedRegex? resolved)
            ? member.Topics.Union(resolved.Topics, StringComparer.Ordinal)
            : member.Topics;

    // A regular expression that the group does not know yet changes nothing until topics match it.
    private bool WantsOtherTopics(ConsumerMember? before, ConsumerMember member) =>
        !(before?.Topics ?? []).SequenceEqual(member.Topics, StringComparer.Ordinal)
        || ((before?.Regex ?? "") != member.Regex && (member.Regex.Length == 0 || _group.Regexes.ContainsKey(member.Regex)));

    private long Hash() => TopicsHash.Of(_members.Values.SelectMany(TopicsOf), _topics);

    private void Resolve(string regex)
    {
        List<string> matches = TopicPattern.TryParse(regex, out TopicPattern? pattern, out _)
            ? [.. _topics.Names.Where(pattern.Matches)]
            : [];
        ResolvedRegex resolved = new(matches, _topics.Version, _now.WallMs);
        IReadOnlyList<string>? before = _regexes.GetValueOrDefault(regex)?.Topics;
        _isChanged |= !matches.SequenceEqual(before ?? [], StringComparer.Ordinal);
        if (before is null || !matches.SequenceEqual(before, StringComparer.Ordinal))
        {
            _outbox.Append(ConsumerRecords.Regex(_group.Id, regex, resolved));
        }

        _regexes[regex] = resolved;
    }

    private void ForgetRegex(string? regex)
    {
        if (!string.IsNullOrEmpty(regex) && _members.Values.All(member => member.Regex != regex) && _regexes.Remove(regex))
        {
            _outbox.Append(ConsumerRecords.RegexTombstone(_group.Id, regex));
        }
    }
}
