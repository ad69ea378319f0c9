using RaftLog.Protocol;
using RaftLog.Simulation.Cores;

namespace RaftLog.Simulation;

/// <summary>
/// The cores of the protocol without codec and files: a whole cluster of them for half a minute, and beside it a quorum of its own under
/// heavier faults.
/// </summary>
public sealed class ProtocolCores : ISimulation
{
    private const int QuorumEvents = 1000;

    /// <inheritdoc />
    public string Arguments => "--cores";

    /// <inheritdoc />
    public SeedOutcome Run(ulong seed, Action<string>? trace)
    {
        CoreWorld world = new(seed, options: null, trace);
        QuorumWorld quorum = new(seed);
        string? violation = null;
        string explanation = "";
        try
        {
            world.Run();
        }
        catch (Exception broken) when (broken is AlarmException or InvariantException)
        {
            violation = broken.Message;
            explanation = $"seed {seed}, {world.NowMs} ms: {broken.Message}\n{world.Explain()}";
        }

        try
        {
            if (violation is null)
            {
                quorum.RunChaos(QuorumEvents);
                quorum.CheckLiveness();
            }
        }
        catch (AlarmException broken)
        {
            violation = broken.Message.Split('\n')[0];
            explanation = broken.Message;
        }

        return new SeedOutcome
        {
            Seed = seed,
            Hash = world.Hash ^ quorum.Hash,
            Simulated = TimeSpan.FromMilliseconds(world.NowMs),
            Faults = world.Faults,
            Operations = world.Operations,
            Acknowledged = world.Acknowledged,
            Violation = violation,
            Details = $"{world.Events + quorum.Events} events, {world.Witness.Elections + quorum.Elections} leaderships",
            Explanation = explanation,
        };
    }
}
