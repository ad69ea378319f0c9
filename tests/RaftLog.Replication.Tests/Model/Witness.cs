using RaftLog.Protocol;

namespace RaftLog.Replication.Tests.Model;

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
internal sealed class Witness(ModelController controller)
{
    private readonly List<Entry> _committed = [];
    private readonly List<ulong> _prefixes = [0];
    private readonly Dictionary<(int Epoch, int Offset), Entry> _written = [];
    private readonly Dictionary<int, NodeId> _leaders = [];

    public int Committed => _committed.Count;

    public int Acknowledged { get; private set; }

    public int Truncations { get; private set; }

    public int TruncatedRecords { get; private set; }

    public void Appended(Entry entry, int offset)
    {
        if (!_written.TryAdd((entry.Epoch, offset), entry) && _written[(entry.Epoch, offset)] != entry)
        {
            throw new AlarmException($"W4: epoch {entry.Epoch} offset {offset} holds {_written[(entry.Epoch, offset)]} and {entry}");
        }
    }

    public void Truncating(ModelReplica replica, int to)
    {
        Truncations++;
        TruncatedRecords += replica.Log.End - to;
        int shared = Math.Min(replica.Log.End, Committed);
        if (to < shared && replica.Log.PrefixHash(to + 1) == _prefixes[to + 1])
        {
            throw new AlarmException($"W5: node {replica.Node} cuts its log to {to}, but {Committed} records are committed");
        }
    }

    public void Acked(int producer, int sequence, int offset)
    {
        Acknowledged++;
        if (offset >= Committed || _committed[offset].Producer != producer || _committed[offset].Sequence != sequence)
        {
            throw new AlarmException($"W3: {producer}/{sequence} was acknowledged at {offset}, which is not committed or another record");
        }
    }

    public void Look(IReadOnlyList<ModelReplica> replicas)
    {
        foreach (ModelReplica replica in replicas)
        {
            if (replica.Core.Role is LeaderRole leader)
            {
                Look(replica, leader, replicas);
            }
        }

        foreach (ModelReplica replica in replicas)
        {
            bool electable = controller.InSync.Contains(replica.Node) || controller.Eligible.Contains(replica.Node);
            if (electable && (replica.Log.DurableEnd < Committed || replica.Log.PrefixHash(Committed) != _prefixes[Committed]))
            {
                throw new AlarmException(
                    $"W1: node {replica.Node} is electable, its disk has {replica.Log.DurableEnd} records, {Committed} are committed");
            }
        }
    }

    /// <summary>All that was ever committed, and only that, is in all logs: what must be true of a cluster that has been left in peace.</summary>
    public void Converged(IReadOnlyList<ModelReplica> replicas)
    {
        foreach (ModelReplica replica in replicas)
        {
            bool whole = replica.Log.End == Committed && replica.Log.PrefixHash(Committed) == _prefixes[Committed]
                && replica.Core.HighWatermark.Value == Committed;
            if (!whole)
            {
                throw new AlarmException(
                    $"liveness: node {replica.Node} ({replica.Core.Role.GetType().Name} in epoch {replica.Core.Role.Epoch}) has {replica.Log.Extent} and high watermark {replica.Core.HighWatermark}, {Committed} are committed, in sync {controller.InSync}");
            }
        }

        if (controller.InSync.Count != replicas.Count)
        {
            throw new AlarmException($"liveness: in sync are {controller.InSync} of {replicas.Count}");
        }
    }

    private void Look(ModelReplica replica, LeaderRole leader, IReadOnlyList<ModelReplica> replicas)
    {
        if (!_leaders.TryAdd(leader.Epoch.Value, replica.Node) && _leaders[leader.Epoch.Value] != replica.Node)
        {
            throw new AlarmException($"W7: {_leaders[leader.Epoch.Value]} and {replica.Node} lead in epoch {leader.Epoch}");
        }

        int highWatermark = (int)replica.Core.HighWatermark.Value;
        int agreed = Math.Min(highWatermark, Committed);
        if (replica.Log.PrefixHash(agreed) != _prefixes[agreed])
        {
            throw new AlarmException($"W2: node {replica.Node} calls {highWatermark} records committed; below {agreed} they are not those that were");
        }

        if (highWatermark <= Committed)
        {
            return;
        }

        for (int offset = Committed; offset < highWatermark; offset++)
        {
            _committed.Add(replica.Log[offset]);
            _prefixes.Add(replica.Log.PrefixHash(offset + 1));
        }

        foreach (ModelReplica member in replicas)
        {
            if (leader.InSync.Maximal.Contains(member.Node)
                && (member.Log.DurableEnd < highWatermark || member.Log.PrefixHash(highWatermark) != _prefixes[highWatermark]))
            {
                throw new AlarmException(
                    $"W6: node {replica.Node} moves its high watermark to {highWatermark}, but the disk of {member.Node} has {member.Log.DurableEnd}");
            }
        }
    }
}
