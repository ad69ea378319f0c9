using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>What the cluster believes about one partition.</summary>
public sealed record PartitionRegistration
{
    /// <summary>The value of a change record's leader that leaves the leader as it is.</summary>
    internal static readonly NodeId LeaderUnchanged = new(-2);

    /// <summary>The brokers that hold a copy, in the order of preference for leading.</summary>
    public required ValueList<NodeId> Replicas { get; init; }

    /// <summary>For each replica its log directory, or a reserved id (KIP-858). Same length as <see cref="Replicas"/>.</summary>
    public required ValueList<Uuid> Directories { get; init; }

    /// <summary>
    /// The in-sync set: each member has every committed record. Never empty while eligible leader replicas are off. M-02: every member is a
    /// replica.
    /// </summary>
    public required ValueList<NodeId> Isr { get; init; }

    /// <summary>Replicas that a reassignment will remove.</summary>
    public ValueList<NodeId> RemovingReplicas { get; init; } = [];

    /// <summary>Replicas that a reassignment has added and that are not yet in sync.</summary>
    public ValueList<NodeId> AddingReplicas { get; init; } = [];

    /// <summary>Replicas outside the in-sync set that have every committed record (KIP-966). Only another controller adds to it.</summary>
    public ValueList<NodeId> EligibleLeaders { get; init; } = [];

    /// <summary>Replicas that were last known to be eligible (KIP-966). Kept as written.</summary>
    public ValueList<NodeId> LastKnownEligible { get; init; } = [];

    /// <summary>The leader, <see cref="NodeId.None"/> when there is none. M-03: a leader is in sync.</summary>
    public required NodeId Leader { get; init; }

    /// <summary>The number of the leadership; grows with each set leader.</summary>
    public required LeaderEpoch LeaderEpoch { get; init; }

    /// <summary>The number of changes; grows with each change record.</summary>
    public required PartitionEpoch PartitionEpoch { get; init; }

    /// <summary>Whether the leader is still repairing what an unclean election may have broken.</summary>
    public LeaderRecoveryState RecoveryState { get; init; }

    /// <summary>True when a leader is known.</summary>
    public bool HasLeader => Leader.IsNode;

    /// <summary>The replica that leads when all is well: the first.</summary>
    public NodeId PreferredLeader => Replicas.Count > 0 ? Replicas[0] : NodeId.None;

    /// <summary>True while replicas are being added or removed.</summary>
    public bool IsReassigning => AddingReplicas.Count > 0 || RemovingReplicas.Count > 0;

    /// <summary>The directory of a replica; <see cref="ReservedDirectories.Migrating"/> when the broker holds none.</summary>
    public Uuid DirectoryOf(NodeId replica)
    {
        int index = Replicas.IndexOf(replica);
        return index >= 0 && index < Directories.Count ? Directories[index] : ReservedDirectories.Migrating;
    }

    /// <summary>What a partition record says.</summary>
    public static PartitionRegistration From(PartitionRecord record) =>
        new PartitionRegistration
        {
            Replicas = ValueList.From(record.Replicas),
            Directories = DirectoriesOrMigrating(ValueList.From(record.Directories), record.Replicas.Count),
            Isr = ValueList.From(record.Isr),
            RemovingReplicas = ValueList.From(record.RemovingReplicas),
            AddingReplicas = ValueList.From(record.AddingReplicas),
            EligibleLeaders = ValueList.From(record.EligibleLeaderReplicas),
            LastKnownEligible = ValueList.From(record.LastKnownElr),
            Leader = record.Leader,
            LeaderEpoch = record.LeaderEpoch,
            PartitionEpoch = record.PartitionEpoch,
            RecoveryState = (LeaderRecoveryState)record.LeaderRecoveryState,
        }.Checked();

    /// <summary>The partition after a change record: absent fields stay, a set leader begins an epoch, every change counts.</summary>
    public PartitionRegistration With(PartitionChangeRecord change)
    {
        ValueList<NodeId> replicas = change.Replicas is null ? Replicas : ValueList.From(change.Replicas);
        ValueList<Uuid> directories =
            change.Directories is not null ? ValueList.From(change.Directories)
            : change.Replicas is null ? Directories
            : [];
        bool setsLeader = change.Leader != LeaderUnchanged;
        return (
            this with
            {
                Replicas = replicas,
                Directories = DirectoriesOrMigrating(directories, replicas.Count),
                Isr = change.Isr is null ? Isr : ValueList.From(change.Isr),
                RemovingReplicas = change.RemovingReplicas is null ? RemovingReplicas : ValueList.From(change.RemovingReplicas),
                AddingReplicas = change.AddingReplicas is null ? AddingReplicas : ValueList.From(change.AddingReplicas),
                EligibleLeaders = change.EligibleLeaderReplicas is null ? EligibleLeaders : ValueList.From(change.EligibleLeaderReplicas),
                LastKnownEligible = change.LastKnownElr is null ? LastKnownEligible : ValueList.From(change.LastKnownElr),
                Leader = setsLeader ? change.Leader : Leader,
                LeaderEpoch = setsLeader ? LeaderEpoch.Next() : LeaderEpoch,
                PartitionEpoch = PartitionEpoch.Next(),
                RecoveryState = change.LeaderRecoveryState < 0 ? RecoveryState : (LeaderRecoveryState)change.LeaderRecoveryState,
            }
        ).Checked();
    }

    /// <summary>The record that makes a node that knows nothing believe all this.</summary>
    public PartitionRecord ToRecord(Uuid topic, int partition) =>
        new()
        {
            TopicId = topic,
            PartitionId = partition,
            Replicas = Replicas.ToList(),
            Directories = Directories.ToList(),
            Isr = Isr.ToList(),
            RemovingReplicas = RemovingReplicas.ToList(),
            AddingReplicas = AddingReplicas.ToList(),
            EligibleLeaderReplicas = EligibleLeaders.Count == 0 ? null : EligibleLeaders.ToList(),
            LastKnownElr = LastKnownEligible.Count == 0 ? null : LastKnownEligible.ToList(),
            Leader = Leader,
            LeaderEpoch = LeaderEpoch,
            PartitionEpoch = PartitionEpoch,
            LeaderRecoveryState = (sbyte)RecoveryState,
        };

    private static ValueList<Uuid> DirectoriesOrMigrating(ValueList<Uuid> directories, int replicas)
    {
        if (directories.Count == replicas)
        {
            return directories;
        }

        Invariant.Holds(directories.Count == 0, "M-01", $"a partition of {replicas} replicas has {directories.Count} directories");
        Uuid[] migrating = new Uuid[replicas];
        Array.Fill(migrating, ReservedDirectories.Migrating);
        return ValueList.Create<Uuid>(migrating);
    }

    private PartitionRegistration Checked()
    {
        foreach (NodeId member in Isr)
        {
            Invariant.Holds(Replicas.Contains(member), "M-02", $"in-sync member {member} is none of the replicas {Replicas}");
        }

        Invariant.Holds(!HasLeader || Isr.Contains(Leader), "M-03", $"leader {Leader} is not in the in-sync set {Isr}");
        return this;
    }
}
