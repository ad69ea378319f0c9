using RaftLog.Protocol;
using RaftLog.Raft;

namespace RaftLog.Simulation.Cores;

/// <summary>How a network between cores behaves; chances per thousand messages, times in milliseconds.</summary>
/// <param name="Loss">Messages that never arrive.</param>
/// <param name="Duplicates">Requests of the quorum that arrive twice.</param>
/// <param name="MaxDelayMs">The longest usual delay.</param>
/// <param name="Late">Messages that take longer than usual, so that they arrive in another world than they left.</param>
/// <param name="LatestMs">The longest of those.</param>
internal sealed record LinkFaults(int Loss, int Duplicates, int MaxDelayMs, int Late, int LatestMs);

/// <summary>
/// Carries messages between nodes: each after a delay of its own, or not at all, and none over a way that is cut. Requests and replies
/// belong to the incarnations at both ends, as on a connection; what a sender has given up may still be executed.
/// </summary>
/// <param name="chance">The network's stream of chance.</param>
/// <param name="faults">How it behaves.</param>
/// <param name="later">Has something done after some milliseconds.</param>
internal sealed class CoreNetwork(Chance chance, LinkFaults faults, Action<long, Action> later)
{
    private readonly HashSet<(int From, int To)> _cut = [];

    public LinkFaults Faults { get; set; } = faults;

    public bool HasCuts => _cut.Count > 0;

    public void Cut(int from, int to) => _cut.Add((from, to));

    public void Heal() => _cut.Clear();

    public void Heal(int from, int to) => _cut.Remove((from, to));

    public bool IsCut(int from, int to) => _cut.Count > 0 && _cut.Contains((from, to));

    public bool IsLost(int from, int to) => IsCut(from, to) || (Faults.Loss > 0 && chance.PerMille(Faults.Loss));

    public int Delay() =>
        Faults.Late > 0 && chance.PerMille(Faults.Late) ? chance.Next(0, Faults.LatestMs) : chance.Next(0, Faults.MaxDelayMs);

    /// <summary>Carries a request of the quorum and its reply.</summary>
    public void ApplyEffects(QuorumReplica from, long requestId, QuorumReplica target, RaftRequest request)
    {
        int sender = from.Incarnation;
        int copies = Faults.Duplicates > 0 && chance.PerMille(Faults.Duplicates) ? 2 : 1;
        for (int copy = 0; copy < copies; copy++)
        {
            if (IsLost(from.Id.Value, target.Id.Value))
            {
                Fails(from, sender, requestId);
                continue;
            }

            later(Delay(), () => Deliver(from, sender, requestId, target, request));
        }
    }

    private void Deliver(QuorumReplica from, int sender, long requestId, QuorumReplica target, RaftRequest request)
    {
        if (target.Core is null)
        {
            Fails(from, sender, requestId);
            return;
        }

        int receiver = target.Incarnation;
        target.Receive(
            request,
            (reply, payload) =>
            {
                if (IsLost(target.Id.Value, from.Id.Value))
                {
                    Fails(from, sender, requestId);
                    return;
                }

                later(
                    Delay(),
                    () =>
                    {
                        if (from.Incarnation == sender && target.Incarnation == receiver)
                        {
                            from.ReceiveReply(requestId, reply, payload);
                        }
                    }
                );
            }
        );
    }

    private void Fails(QuorumReplica from, int incarnation, long requestId)
    {
        // Half of the losses are noticed: the connection broke. The others are silence.
        if (chance.PerMille(500))
        {
            later(
                chance.Next(1, 30),
                () =>
                {
                    if (from.Incarnation == incarnation)
                    {
                        from.Input((core, now) => core.RequestFailed(now, requestId));
                    }
                }
            );
        }
    }
}
