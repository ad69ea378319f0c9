using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>
/// The change record that takes one partition to where somebody wants it, with the election and the epoch that this costs; no record when
/// nothing changes. Whoever changes a partition goes through here.
/// </summary>
/// <remarks>
/// Eligible leader replicas are never added here (the rules are those of the feature being off). A set that another controller left still
/// holds where it also left nobody in sync, and may then be elected from; it is cleared with the first change, because later it would be
/// wrong silently.
/// </remarks>
internal sealed class PartitionChangeBuilder
{
    private readonly MetadataImage _image;
    private readonly Uuid _topic;
    private readonly int _index;
    private readonly PartitionRegistration _current;

    public PartitionChangeBuilder(MetadataImage image, Uuid topic, int index, PartitionRegistration current)
    {
        _image = image;
        _topic = topic;
        _index = index;
        _current = current;
        Isr = current.Isr;
        Replicas = current.Replicas;
        Removing = current.RemovingReplicas;
        Adding = current.AddingReplicas;
        RecoveryState = current.RecoveryState;
    }

    public ElectionKind Election { get; init; } = ElectionKind.Online;

    public ValueList<NodeId> Isr { get; set; }

    public ValueList<NodeId> Replicas { get; set; }

    public ValueList<NodeId> Removing { get; set; }

    public ValueList<NodeId> Adding { get; set; }

    public LeaderRecoveryState RecoveryState { get; set; }

    /// <summary>Directories that replicas have moved to; others keep theirs.</summary>
    public IReadOnlyDictionary<NodeId, Uuid>? MovedDirectories { get; init; }

    public PartitionChangeRecord? Build()
    {
        CompleteReassignment();
        ValueList<Uuid> directories = Directories();
        bool fromEligible = _current.Isr.Count == 0 && Isr.Count == 0;
        ElectionOutcome outcome = LeaderElection.Elect(
            Election,
            Replicas,
            fromEligible ? _current.EligibleLeaders : Isr,
            _current.Leader,
            node => CanServe(node, directories),
            node => HasLost(node, directories)
        );
        if (fromEligible && outcome is { Leader.IsNode: true, Unclean: false })
        {
            Isr = [outcome.Leader];
        }
        else if (outcome.Unclean)
        {
            Isr = [outcome.Leader];
            RecoveryState = LeaderRecoveryState.Recovering;
            if (HasLost(outcome.Leader, directories))
            {
                // It begins anew, with nothing.
                directories =
                [
                    .. Replicas.Select(node =>
                        node == outcome.Leader ? BrokerDirectories.ForNewReplica(_image, node) : directories[Replicas.IndexOf(node)]
                    ),
                ];
            }
        }
        else if (!outcome.Leader.IsNode && Isr.Count == 0)
        {
            // The last ones in sync stay: whoever of them comes back has every committed record.
            Isr = [.. _current.Isr.Where(Replicas.Contains)];
        }

        PartitionChangeRecord record = new() { TopicId = _topic, PartitionId = _index };
        bool changed = SetSets(record, directories);
        if (outcome.Leader != _current.Leader || NeedsNewEpoch())
        {
            record.Leader = outcome.Leader;
            changed = true;
        }

        if (RecoveryState != _current.RecoveryState)
        {
            record.LeaderRecoveryState = (sbyte)RecoveryState;
            changed = true;
        }

        if (!changed)
        {
            return null;
        }

        ClearEligibleLeaders(record);
        return record;
    }

    /// <summary>
    /// Ends a reassignment whose new replicas are all in sync, provided that somebody stays in sync without the old ones (KIP-455).
    /// </summary>
    private void CompleteReassignment()
    {
        if (Adding.Count == 0 && Removing.Count == 0)
        {
            return;
        }

        ValueList<NodeId> isr = [.. Isr.Where(node => !Removing.Contains(node))];
        ValueList<NodeId> replicas = [.. Replicas.Where(node => !Removing.Contains(node))];
        if (isr.Count > 0 && replicas.Count > 0 && Adding.All(isr.Contains))
        {
            Isr = isr;
            Replicas = replicas;
            Adding = [];
            Removing = [];
        }
    }

    private bool SetSets(PartitionChangeRecord record, ValueList<Uuid> directories)
    {
        bool changed = false;
        if (!Isr.HasSameElements(_current.Isr))
        {
            record.Isr = Isr.ToList();
            changed = true;
        }

        if (!Replicas.Equals(_current.Replicas))
        {
            record.Replicas = Replicas.ToList();
            changed = true;
        }

        if (!Removing.HasSameElements(_current.RemovingReplicas))
        {
            record.RemovingReplicas = Removing.ToList();
            changed = true;
        }

        if (!Adding.HasSameElements(_current.AddingReplicas))
        {
            record.AddingReplicas = Adding.ToList();
            changed = true;
        }

        if (_image.Version.TracksDirectories && (record.Replicas is not null || !directories.Equals(_current.Directories)))
        {
            record.Directories = directories.ToList();
            changed = true;
        }

        return changed;
    }

    /// <summary>
    /// A replica that is taken out of the assignment must not be able to acknowledge in the old epoch; before 3.6-IV0 the same holds for
    /// the in-sync set (KAFKA-15021).
    /// </summary>
    private bool NeedsNewEpoch() =>
        _current.Replicas.Any(node => !Replicas.Contains(node))
        || (!_image.Version.KeepsLeaderEpochOnShrink && _current.Isr.Any(node => !Isr.Contains(node)));

    private ValueList<Uuid> Directories() =>
        [
            .. Replicas.Select(node =>
                MovedDirectories is not null && MovedDirectories.TryGetValue(node, out Uuid moved) ? moved
                : _current.Replicas.Contains(node) ? _current.DirectoryOf(node)
                : BrokerDirectories.ForNewReplica(_image, node)
            ),
        ];

    private bool CanServe(NodeId node, ValueList<Uuid> directories) =>
        _image.Brokers.TryGetValue(node, out BrokerRegistration? broker)
        && broker.IsActive
        && broker.HasOnline(directories[Replicas.IndexOf(node)]);

    private bool HasLost(NodeId node, ValueList<Uuid> directories) =>
        _image.Brokers.TryGetValue(node, out BrokerRegistration? broker)
        && broker.IsActive
        && directories[Replicas.IndexOf(node)] == ReservedDirectories.Lost;

    private void ClearEligibleLeaders(PartitionChangeRecord record)
    {
        if (_image.Version.TracksEligibleLeaders && _current.EligibleLeaders.Count > 0)
        {
            record.EligibleLeaderReplicas = [];
        }

        if (_image.Version.TracksEligibleLeaders && _current.LastKnownEligible.Count > 0)
        {
            record.LastKnownElr = [];
        }
    }
}
