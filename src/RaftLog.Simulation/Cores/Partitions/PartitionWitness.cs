using RaftLog.Protocol;
using RaftLog.Replication;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// Sees the whole cluster and trusts nobody: it reads the disks' images, not what nodes say of them. After every event it checks that
/// <list type="bullet">
/// <item>W1: every committed record is in the disk image of every replica that the controller may elect;</item>
/// <item>W2: whatever any leader calls committed agrees with what any leader ever called committed;</item>
/// <item>W3: an acknowledged record is committed, at its offset;</item>
/// <item>W4: one (epoch, offset) never holds two records, on any replica, ever;</item>
/// <item>W5: no replica cuts off committed records that it has;</item>
/// <item>W6: a leader's high watermark is within the disk image of every member of its maximal in-sync set;</item>
/// <item>W7: one leader per epoch.</item>
/// </list>
/// </summary>
internal sealed class PartitionWitness(IElectable electable)
{
    private readonly List<DataEntry> _committed = [];
    private readonly List<ulong> _prefixes = [0];
    private readonly List<LeaderEpoch> _committedIn = [];
    private readonly Dictionary<(int Epoch, int Offset), DataEntry> _written = [];
    private readonly Dictionary<int, NodeId> _leaders = [];

    public int Committed => _committed.Count;

    public int Acknowledged { get; private set; }

    public int Truncations { get; private set; }

    public int TruncatedRecords { get; private set; }

    public void Appended(DataEntry entry, int offset)
    {
        if (!_written.TryAdd((entry.Epoch, offset), entry) && _written[(entry.Epoch, offset)] != entry)
        {
            throw new AlarmException(
                "epoch-offset-unique",
                $"epoch {entry.Epoch} offset {offset} holds {_written[(entry.Epoch, offset)]} and {entry}"
            );
        }
    }

    public void Truncating(DataReplica replica, int to)
    {
        Truncations++;
        TruncatedRecords += replica.Log.End - to;
        int known = Math.Min((int)replica.Core.HighWatermark.Value, Committed);
        if (replica.Log.PrefixHash(known) != _prefixes[known])
        {
            throw new AlarmException(
                "follower-high-watermark",
                $"node {replica.Node} counts {known} records as committed; they are not those that were"
            );
        }

        int shared = Math.Min(replica.Log.End, Committed);

        // A follower of a leadership that is over may cut what only a later one has committed: it is not in sync there, and who may be
        // elected has the record.
        if (to < shared && replica.Log.PrefixHash(to + 1) == _prefixes[to + 1] && _committedIn[to] <= replica.Core.Role.Epoch)
        {
            throw new AlarmException(
                "no-committed-truncation",
                $"node {replica.Node} cuts its log to {to}, but {Committed} records are committed"
            );
        }
    }

    public void Acked(int producer, int sequence, int offset)
    {
        Acknowledged++;
        if (offset >= Committed || _committed[offset].Producer != producer || _committed[offset].Sequence != sequence)
        {
            throw new AlarmException(
                "acknowledged-is-committed",
                $"{producer}/{sequence} was acknowledged at {offset}, which is not committed or another record"
            );
        }
    }

    /// <summary>A consumer saw a record: it is committed.</summary>
    public void Seen(DataEntry entry, int offset)
    {
        if (offset >= Committed || _committed[offset] != entry)
        {
            throw new AlarmException("consumer-sees-committed", $"a consumer saw {entry} at {offset}, {Committed} records are committed");
        }
    }

    /// <summary>No record of a producer is committed twice.</summary>
    public void CheckNoDuplicates()
    {
        HashSet<(int Producer, int Sequence)> known = [];
        foreach (DataEntry entry in _committed)
        {
            if (!known.Add((entry.Producer, entry.Sequence)))
            {
                throw new AlarmException("no-duplicates", $"sequence {entry.Sequence} of producer {entry.Producer} is committed twice");
            }
        }
    }

    public void Look(IReadOnlyList<DataReplica> replicas)
    {
        foreach (DataReplica replica in replicas)
        {
            if (replica.Core.Role is PartitionLeaderRole leader)
            {
                Look(replica, leader, replicas);
            }
        }

        foreach (DataReplica replica in replicas)
        {
            bool mayLead = electable.InSync.Contains(replica.Node) || electable.Eligible.Contains(replica.Node);
            if (mayLead && (replica.Log.DurableEnd < Committed || replica.Log.PrefixHash(Committed) != _prefixes[Committed]))
            {
                throw new AlarmException(
                    "electable-holds-committed",
                    $"node {replica.Node} is electable, its disk has {replica.Log.DurableEnd} records, {Committed} are committed"
                );
            }
        }
    }

    /// <summary>
    /// All that was ever committed, and only that, is in all logs, and all are in sync: what must become true of a cluster in peace.
    /// </summary>
    public bool HasConverged(IReadOnlyList<DataReplica> replicas) => electable.InSync.Count == replicas.Count && replicas.All(IsWhole);

    /// <summary>What keeps the replicas apart.</summary>
    public string Describe(IReadOnlyList<DataReplica> replicas) =>
        $"{Committed} committed, in sync {electable.InSync}; "
        + string.Join(
            ", ",
            replicas
                .Where(replica => !IsWhole(replica))
                .Select(replica =>
                    $"{replica.Node} ({replica.Core.Role.GetType().Name} in epoch {replica.Core.Role.Epoch}) has {replica.Log.Extent} "
                    + $"and high watermark {replica.Core.HighWatermark}"
                )
        );

    private bool IsWhole(DataReplica replica) =>
        replica.Log.End == Committed
        && replica.Log.PrefixHash(Committed) == _prefixes[Committed]
        && replica.Core.HighWatermark.Value == Committed;

    private void Look(DataReplica replica, PartitionLeaderRole leader, IReadOnlyList<DataReplica> replicas)
    {
        if (!_leaders.TryAdd(leader.Epoch.Value, replica.Node) && _leaders[leader.Epoch.Value] != replica.Node)
        {
            throw new AlarmException(
                "one-leader-per-epoch",
                $"{_leaders[leader.Epoch.Value]} and {replica.Node} lead in epoch {leader.Epoch}"
            );
        }

        int highWatermark = (int)replica.Core.HighWatermark.Value;
        int agreed = Math.Min(highWatermark, Committed);
        if (replica.Log.PrefixHash(agreed) != _prefixes[agreed])
        {
            throw new AlarmException(
                "committed-agrees",
                $"node {replica.Node} calls {highWatermark} records committed; below {agreed} they are not those that were"
            );
        }

        if (highWatermark <= Committed)
        {
            return;
        }

        for (int offset = Committed; offset < highWatermark; offset++)
        {
            _committed.Add(replica.Log[offset]);
            _committedIn.Add(leader.Epoch);
            _prefixes.Add(replica.Log.PrefixHash(offset + 1));
        }

        foreach (DataReplica member in replicas)
        {
            if (
                leader.InSync.Maximal.Contains(member.Node)
                && (member.Log.DurableEnd < highWatermark || member.Log.PrefixHash(highWatermark) != _prefixes[highWatermark])
            )
            {
                throw new AlarmException(
                    "high-watermark-on-disk",
                    $"node {replica.Node} moves its high watermark to {highWatermark}, but the disk of {member.Node} has "
                        + $"{member.Log.DurableEnd}"
                );
            }
        }
    }
}
