using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// Promises that hold while things break. As long as the leader of the quorum and a majority with it run, hear one another and have disks
/// that answer, a broker whose process is gone is fenced when its session is over; and whoever runs and hears that leader knows what was
/// committed a while ago.
/// </summary>
/// <param name="cluster">The machines.</param>
/// <param name="quorum">Who leads the quorum, and what is committed.</param>
/// <param name="options">How late messages may come.</param>
internal sealed class TimelyWatch(SimCluster cluster, QuorumWatch quorum, SimulationOptions options)
{
    /// <summary>Clocks run up to two in a hundred fast or slow, on either side.</summary>
    private const double ClockTolerance = 1.05;

    /// <summary>How long a decision takes to be committed and to be heard of: connections are made anew and records are flushed.</summary>
    private static readonly TimeSpan Decision = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long one who looks for the leader waits for each voter that does not respond: <c>controller.quorum.request.timeout.ms</c> at
    /// most.
    /// </summary>
    private static readonly TimeSpan Search = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How many messages in a row a follower waits for at most: the response that left just before, its next request, and the response to
    /// that. Each of them may be a stray one.
    /// </summary>
    private const int Messages = 3;

    private readonly SortedDictionary<int, long> _goneSince = [];
    private readonly SortedDictionary<int, long> _wellSince = [];
    private readonly SortedDictionary<int, int> _starts = [];
    private readonly LinkedList<(long At, Offset Committed)> _committed = [];
    private int _leader;
    private long _leadsSince;

    /// <summary>How often a broker whose process was gone long enough was looked up as fenced.</summary>
    internal long FenceChecks { get; private set; }

    /// <summary>How often what a node knows was held against what had been committed for a while.</summary>
    internal long AgeChecks { get; private set; }

    /// <summary>How often one that could not reach all voters was looked at.</summary>
    internal long SearchChecks { get; private set; }

    private long Now => cluster.Scheduler.Now;

    /// <summary>
    /// Who hears of a new epoch keeps that before it follows in it, and this flush may be the one that stalls.
    /// </summary>
    private TimeSpan Stall => options.Disk.StallChance > 0 ? options.Disk.StallMost : TimeSpan.Zero;

    private long Slack => (Decision + Stall + (options.Link.TailChance > 0 ? options.Link.TailMost * Messages : TimeSpan.Zero)).Ticks;

    /// <summary>Looks at all machines.</summary>
    internal void Look()
    {
        NoteLeader();
        NoteMachines();
        NoteCommitted();
        if (_leader == 0)
        {
            return;
        }

        foreach (SimMachine machine in cluster.Machines)
        {
            RequireFenced(machine);
            RequireUpdates(machine);
        }
    }

    private void NoteLeader()
    {
        int leader = quorum.NewestLeader;
        bool leads =
            leader > 0
            && IsWell(cluster.Machine(leader))
            && cluster.Machine(leader).Node is { } node
            && node.QuorumLeader == node.Id
            && cluster.Voters.Count(each => IsWell(each) && Hear(each, cluster.Machine(leader))) * 2 > cluster.Voters.Count();
        if (!leads || leader != _leader)
        {
            (_leader, _leadsSince) = (leads ? leader : 0, Now);
        }
    }

    private void NoteMachines()
    {
        foreach (SimMachine machine in cluster.Machines)
        {
            // A node that ends and starts again between two looks has known and heard nothing before.
            if (_starts.GetValueOrDefault(machine.Number) != machine.Starts)
            {
                _starts[machine.Number] = machine.Starts;
                _goneSince.Remove(machine.Number);
                _wellSince.Remove(machine.Number);
                (_leader, _leadsSince) = machine.Number == _leader ? (0, Now) : (_leader, _leadsSince);
            }

            Note(_goneSince, machine.Number, !machine.IsUp);
            Note(_wellSince, machine.Number, _leader > 0 && machine.IsReady && IsWell(machine) && Hear(machine, cluster.Machine(_leader)));
        }
    }

    private void Note(SortedDictionary<int, long> since, int machine, bool isSo)
    {
        if (!isSo)
        {
            since.Remove(machine);
        }
        else
        {
            since.TryAdd(machine, Now);
        }
    }

    private void NoteCommitted()
    {
        _committed.AddLast((Now, quorum.Committed));
        long longest = Slack + (Search * cluster.Voters.Count()).Ticks;
        while (_committed.First?.Next is { } second && second.Value.At < Now - longest)
        {
            _committed.RemoveFirst();
        }
    }

    /// <summary>What was committed a while ago.</summary>
    private Offset CommittedBefore(long ticks)
    {
        LinkedListNode<(long At, Offset Committed)>? node = _committed.Last;
        while (node is not null && node.Value.At >= Now - ticks)
        {
            node = node.Previous;
        }

        return node?.Value.Committed ?? Offset.Zero;
    }

    private void RequireFenced(SimMachine machine)
    {
        long limit = (cluster.SessionTimeout * ClockTolerance).Ticks + Slack;
        if (
            !IsOlder(_goneSince, machine.Number, limit)
            || Now - _leadsSince < limit
            || !cluster.Machine(_leader).Node!.Image.Brokers.TryGetValue(new NodeId(machine.Number), out BrokerRegistration? broker)
        )
        {
            return;
        }

        FenceChecks++;
        if (!broker.Fenced)
        {
            cluster.Scheduler.Fail(
                $"fence-in-time: n{_leader} has led the quorum well for {Seconds(_leadsSince)} s, {machine.Name} has not run for "
                    + $"{Seconds(_goneSince[machine.Number])} s, and is not fenced"
            );
        }
    }

    private void RequireUpdates(SimMachine machine)
    {
        int unreachable = cluster.Voters.Count(voter => !IsWell(voter) || !Hear(machine, voter));
        long slack = Slack + (Search * unreachable).Ticks;
        if (!IsOlder(_wellSince, machine.Number, slack) || Now - _leadsSince < slack)
        {
            return;
        }

        AgeChecks++;
        SearchChecks += unreachable > 0 ? 1 : 0;
        Offset known = machine.Node!.Image.Provenance.EndOffset;
        Offset committed = CommittedBefore(slack);
        if (known < committed)
        {
            cluster.Scheduler.Fail(
                $"updates-in-time: {machine.Name} has heard n{_leader} well for {Seconds(_wellSince[machine.Number])} s and believes the "
                    + $"metadata up to {known}; "
                    + $"{committed} was committed {TimeSpan.FromTicks(slack).TotalSeconds:F0} s ago"
            );
        }
    }

    private bool IsOlder(SortedDictionary<int, long> since, int machine, long limit) =>
        since.TryGetValue(machine, out long at) && Now - at >= limit;

    private string Seconds(long since) => FormattableString.Invariant($"{TimeSpan.FromTicks(Now - since).TotalSeconds:F1}");

    private static bool IsWell(SimMachine machine) =>
        machine is { IsUp: true, IsPaused: false, IsStopping: false }
        && machine.Volume is { IsSlow: false, IsFull: false, HasNoDescriptors: false, IsUnchangeable: false };

    private bool Hear(SimMachine one, SimMachine other) =>
        one == other || (cluster.Network.IsGood(one.Name, other.Name) && cluster.Network.IsGood(other.Name, one.Name));
}
