using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>
/// Replicas that were in sync, and whose log is not here any more: somebody removed the directory, or the disk was replaced. An empty log
/// in its place would lead, or count towards a commit, as if it had every record. Such a replica is told to the controller as one without
/// directory (KIP-858): it leads nothing and leaves the in-sync set, and then it is copied from the leader like a new one. Where nobody
/// else is in sync, it waits until its files are back or an unclean election gives up what it held.
/// <para>
/// A directory is durable before its replica is said to be there, and what comes into the metadata while this incarnation runs was never
/// held: it is new, and begins empty.
/// </para>
/// </summary>
internal sealed partial class LostReplicas(NodeId self, IReadOnlyList<LogDirectory> directories)
{
    /// <summary>What is known to be lost, and whether it was said; bounded by the partitions that metadata gives to this node.</summary>
    private readonly Dictionary<TopicIdPartition, bool> _lost = [];
    private volatile bool _hasAny;
    private bool _hasBegun;

    /// <summary>True when there are any. From anywhere; all else in the loop that applies metadata.</summary>
    public bool HasAny => _hasAny;

    /// <summary>All of them.</summary>
    public IReadOnlyCollection<TopicIdPartition> All => _lost.Keys;

    /// <summary>
    /// All that earlier incarnations held has been looked for: what is in sync from now on was made by this one, or is noted here.
    /// </summary>
    public void Begin() => _hasBegun = true;

    /// <summary>The log of a replica was set aside, since nothing shows whose it is.</summary>
    public void Add(TopicIdPartition id)
    {
        _lost.TryAdd(id, false);
        _hasAny = true;
    }

    /// <summary>It is there, or no longer wanted.</summary>
    public void Forget(TopicIdPartition id)
    {
        _lost.Remove(id);
        _hasAny = _lost.Count > 0;
    }

    /// <summary>True when a partition without a log here may not begin with an empty one, or with one that a repair has marked.</summary>
    /// <param name="id">The partition.</param>
    /// <param name="name">Its name.</param>
    /// <param name="registration">What the metadata says of it.</param>
    /// <param name="isMarked">True for a log that a repair has marked.</param>
    public bool Holds(TopicIdPartition id, TopicPartition name, PartitionRegistration registration, bool isMarked)
    {
        bool mayLead = registration.Isr.Contains(self) || registration.EligibleLeaders.Contains(self);
        SeededBugBeginsEmpty(ref mayLead);
        bool isGivenUp = registration.Leader == self && registration.RecoveryState == LeaderRecoveryState.Recovering;
        return mayLead
            && !isGivenUp
            && (
                isMarked
                || _lost.ContainsKey(id)
                || IsMissing(name, registration.DirectoryOf(self))
                || (!_hasBegun && IsEmptied(registration.DirectoryOf(self)))
            );
    }

    static partial void SeededBugBeginsEmpty(ref bool mayLead);

    /// <summary>What to tell people, the first time.</summary>
    public string? Note(TopicIdPartition id, TopicPartition name)
    {
        if (_lost.GetValueOrDefault(id))
        {
            return null;
        }

        _lost[id] = true;
        _hasAny = true;
        return $"{name} was in sync here, and its log is gone from {string.Join(", ", directories.Select(static each => each.Path))}, "
            + $"or a repair has truncated it: this replica is lost. It does not lead, and is in no "
            + "in-sync set until it has copied the partition from its leader, which it does by itself. Where it has no leader now, no "
            + "other replica is in sync: put the "
            + $"partition's directory back and start this node again, or give up its records with an unclean election "
            + $"(kafka-leader-election.sh --election-type unclean --topic {name.Topic} "
            + $"--partition {name.Partition})";
    }

    private bool IsMissing(TopicPartition name, Uuid assigned)
    {
        if (assigned == ReservedDirectories.Lost)
        {
            return true;
        }

        bool isOurs = ReservedDirectories.IsReserved(assigned);
        foreach (LogDirectory directory in directories)
        {
            if (directory.Misses(name))
            {
                return true;
            }

            isOurs |= directory.Meta.DirectoryId == assigned;
        }

        return !isOurs;
    }

    /// <summary>
    /// True when a directory has lost its checkpoints too, which it had before its first log was in sync; where it is not known which, when
    /// all have.
    /// </summary>
    private bool IsEmptied(Uuid assigned) =>
        ReservedDirectories.IsReserved(assigned)
            ? directories.All(static each => !each.HadCheckpoints)
            : directories.Any(each => each.Meta.DirectoryId == assigned && !each.HadCheckpoints);
}
