namespace RaftLog.Simulation;

/// <summary>
/// What nodes hold of requests that come in, told from the bytes that they have taken: large ones together never more than
/// <c>queued.max.request.bytes</c>, and no small one is turned away, since large ones leave it its memory.
/// </summary>
/// <param name="cluster">The machines.</param>
/// <param name="budget">The bytes that large requests of a node may hold.</param>
internal sealed class RequestMemory(SimCluster cluster, int budget)
{
    /// <summary>What a connection receives before it knows how long a request is.</summary>
    private const int ReceivedAhead = 4096;

    /// <summary>Shorter than <c>raftlog.connection.stall.timeout.ms</c>, by which half a request may be given up.</summary>
    private const long RecentUs = 1_000_000;

    private readonly SortedDictionary<int, HashSet<RequestIntake>> _open = [];

    /// <summary>How often what a node holds was held against its budget.</summary>
    internal long Checks { get; private set; }

    /// <summary>How often a node has turned a large request away before it was complete.</summary>
    internal long TurnedAway { get; private set; }

    /// <summary>How many connections were closed while a request was open, and looked at.</summary>
    internal long Closings { get; private set; }

    /// <summary>A connection to a node's port for clients; null for another port.</summary>
    internal RequestIntake? Begin(WireTap tap, int server, int port) =>
        port == SimCluster.ClientPort && cluster.IsNode(server) ? new RequestIntake(this, tap, server) : null;

    /// <summary>A node has taken bytes of a request.</summary>
    internal void Taken(int server, RequestIntake intake)
    {
        intake.Note(cluster.Scheduler.NowUs);
        HashSet<RequestIntake> open = OpenAt(server);
        if (intake.Held == 0)
        {
            open.Remove(intake);
            return;
        }

        open.Add(intake);
        long held = open.Sum(static each => (long)each.Held);
        Checks++;
        if (held > budget + ((long)ReceivedAhead * open.Count))
        {
            cluster.Scheduler.Fail(
                $"within-budget: n{server} has taken {held} bytes of {open.Count} large requests that are not complete, and "
                    + $"queued.max.request.bytes = {budget}"
            );
        }
    }

    /// <summary>A node closes a connection that its client has not closed.</summary>
    internal void Closed(int server, RequestIntake intake)
    {
        SimMachine machine = cluster.Machine(server);
        if (!intake.IsOpen || machine.IsStopping || cluster.Scheduler.NowUs - intake.LastTakenUs > RecentUs)
        {
            return;
        }

        Closings++;
        TurnedAway += intake.IsLarge ? 1 : 0;
        if (!intake.IsLarge)
        {
            cluster.Scheduler.Fail(
                $"small-has-room: n{server} closes a connection with a request of {intake.Length} bytes, for which it has memory of its own"
            );
        }
    }

    /// <summary>A connection is over, and what it held is free.</summary>
    internal void Ended(int server, RequestIntake intake) => OpenAt(server).Remove(intake);

    private HashSet<RequestIntake> OpenAt(int server)
    {
        if (!_open.TryGetValue(server, out HashSet<RequestIntake>? open))
        {
            open = [];
            _open.Add(server, open);
        }

        return open;
    }
}
