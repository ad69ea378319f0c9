using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary>What <c>simulate</c> was asked for.</summary>
/// <param name="Simulation">What is run.</param>
/// <param name="First">The first seed.</param>
/// <param name="Count">How many seeds at most.</param>
/// <param name="Limit">After this time no more seeds begin; null for no limit.</param>
/// <param name="Jobs">How many seeds at a time.</param>
/// <param name="Verbose">Whether each seed has a line.</param>
internal sealed record SimulatePlan(ISimulation Simulation, ulong First, ulong Count, TimeSpan? Limit, int Jobs, bool Verbose)
{
    /// <summary>Whether everything that happens in the first seed is printed.</summary>
    public bool Trace { get; init; }

    /// <summary>Where the timeline of the first seed is drawn, if anywhere.</summary>
    public string? Page { get; init; }

    /// <summary>Whether the counters of the batch are printed.</summary>
    public bool Counters { get; init; }

    /// <summary>Where the run is written down, to go on from when the same command is given again; null for nowhere.</summary>
    public string? File { get; init; }

    /// <summary>Whether the first seed that fails ends the run, as it is: no smaller run that fails, too, is looked for.</summary>
    public bool FailFast { get; init; }

    /// <summary>The command that runs one seed again, with its whole trace.</summary>
    public string Replay(ulong seed) =>
        $"raftlog simulate {Simulation.Arguments}{(Simulation.Arguments.Length > 0 ? " " : "")}--seed {seed} --trace";
}
