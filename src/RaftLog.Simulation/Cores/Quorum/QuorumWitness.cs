using RaftLog.Protocol;
using RaftLog.Raft;

namespace RaftLog.Simulation.Cores;

/// <summary>
/// Sees every replica of a quorum and trusts none: it reads the disks' images. One leader per epoch; no epoch and no vote is forgotten that
/// anyone can have heard of; what is committed is the same everywhere, for ever, on the disks of a majority, and known to every later
/// leader; one record ever for an epoch and an offset.
/// </summary>
internal sealed class QuorumWitness(int voters, ShellLies lies)
{
    private readonly Dictionary<int, NodeId> _leaders = [];
    private readonly Dictionary<(int Epoch, long Offset), ulong> _entries = [];
    private readonly List<ulong> _committed = [0];
    private readonly List<LeaderEpoch> _committedIn = [LeaderEpoch.None];
    private readonly List<QuorumReplica> _replicas = [];

    /// <summary>Told of each record when it is committed for the first time, with its offset.</summary>
    public Action<QuorumEntry, long>? OnCommitted { get; set; }

    public int Committed => _committed.Count - 1;

    public int Elections => _leaders.Count;

    /// <summary>True when a disk was lost for good: what was on a majority may then be on one disk less.</summary>
    private bool HasLostADisk => _replicas.Exists(replica => replica.Core is null && replica.Disk.Durable.End == 0);

    public void Watch(QuorumReplica replica) => _replicas.Add(replica);

    /// <summary>Looks at a replica after an input.</summary>
    public void Look(QuorumReplica node, RaftCore core)
    {
        AlarmException.Unless(
            core.Role.Epoch >= node.LastEpoch,
            "epoch-rises",
            $"{node.Id}'s epoch falls from {node.LastEpoch} to {core.Role.Epoch}"
        );
        AlarmException.Unless(
            core.Role.Epoch >= node.ExposedEpoch || !lies.None,
            "epoch-is-kept",
            $"{node.Id} has forgotten epoch {node.ExposedEpoch}"
        );
        AlarmException.Unless(core.HighWatermark >= node.LastHighWatermark, "high-watermark-rises", $"{node.Id}'s high watermark falls");
        AlarmException.Unless(
            core.FlushedEnd.Value <= node.Disk.Durable.End || !lies.None,
            "flushed-is-on-disk",
            $"{node.Id} believes {core.FlushedEnd} is on disk, {node.Disk.Durable.End} is"
        );
        node.LastEpoch = core.Role.Epoch;
        node.LastHighWatermark = core.HighWatermark;
        if (core.Role is LeaderRole)
        {
            NodeId known = _leaders.TryGetValue(core.Role.Epoch.Value, out NodeId first)
                ? first
                : _leaders[core.Role.Epoch.Value] = node.Id;
            AlarmException.Unless(
                known == node.Id,
                "one-leader-per-epoch",
                $"epoch {core.Role.Epoch} has two leaders, {known} and {node.Id}"
            );
        }
    }

    /// <summary>
    /// Leader completeness: a leader has everything that was committed in earlier epochs, also if it learns late that it leads.
    /// </summary>
    public void Leads(QuorumReplica node, LeaderEpoch epoch)
    {
        int end = Committed;
        while (_committedIn[end] >= epoch)
        {
            end--;
        }

        bool isBehindStart = end < node.Disk.Written.Start.EndOffset.Value;
        AlarmException.Unless(
            isBehindStart || node.Disk.Written.HashBelow(end) == _committed[end],
            "leader-completeness",
            $"{node.Id} leads epoch {epoch} without what was committed up to {end}"
        );
    }

    /// <summary>What is committed is the same everywhere, for ever, and on the disks of a majority.</summary>
    public void Commits(QuorumReplica node, Offset highWatermark)
    {
        long end = highWatermark.Value;
        QuorumLog log = node.Disk.Written;
        ulong? hash = log.HashBelow(end);
        AlarmException.Unless(hash is not null, "committed-prefix", $"{node.Id} commits {end}, its log ends at {log.End}");
        if (end < _committed.Count)
        {
            AlarmException.Unless(_committed[(int)end] == hash, "committed-prefix", $"{node.Id} commits another history up to {end}");
            return;
        }

        for (long offset = _committed.Count - 1; offset < end; offset++)
        {
            AlarmException.Unless(
                log.HashBelow(offset) is not { } known || offset >= _committed.Count || _committed[(int)offset] == known,
                "committed-prefix",
                $"{node.Id} commits another history at {offset}"
            );
            _committed.Add(log.HashBelow(offset + 1)!.Value);
            _committedIn.Add(node.Core!.Role.Epoch);
            if (OnCommitted is { } told)
            {
                told(log.At(offset), offset);
            }
        }

        AlarmException.Unless(
            HoldersOf(end, hash!.Value) >= QuorumArithmetic.Majority(voters) - (HasLostADisk ? 1 : 0) || !lies.None,
            "committed-on-majority",
            $"{node.Id} commits {end} that is on {HoldersOf(end, hash.Value)} disks"
        );
    }

    /// <summary>One record ever for an epoch and an offset, of those that others can have seen or that survived a crash.</summary>
    public void Shows(QuorumReplica node, long offset, QuorumEntry entry)
    {
        ulong known = _entries.TryGetValue((entry.Epoch.Value, offset), out ulong first)
            ? first
            : _entries[(entry.Epoch.Value, offset)] = entry.Hash;
        AlarmException.Unless(
            known == entry.Hash,
            "epoch-offset-unique",
            $"{node.Id} has another record at epoch {entry.Epoch} offset {offset}"
        );
    }

    /// <summary>What a replica promises is on its disk before the promise leaves.</summary>
    public void Promises(
        bool holds,
        [System.Runtime.CompilerServices.InterpolatedStringHandlerArgument(nameof(holds))] ref AlarmMeaning meaning
    )
    {
        if (lies.None)
        {
            AlarmException.Unless(holds, "disk-before-promise", ref meaning);
        }
    }

    private int HoldersOf(long end, ulong hash)
    {
        int holders = 0;
        foreach (QuorumReplica replica in _replicas)
        {
            QuorumLog durable = replica.Disk.Durable;
            if (replica.Config.IsVoter && (durable.Start.EndOffset.Value > end || durable.HashBelow(end) == hash))
            {
                holders++;
            }
        }

        return holders;
    }
}
