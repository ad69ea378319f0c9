namespace RaftLog.Simulation;

/// <summary>Something that can be run from a seed: whole nodes, or the cores of the protocol alone.</summary>
public interface ISimulation
{
    /// <summary>The words of the command line that ask for it besides the seed, to replay a run: empty for whole nodes.</summary>
    string Arguments { get; }

    /// <summary>Runs one seed on the caller's thread and on no other. Everything that happens follows from the seed.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="trace">Where each line of the trace goes besides, if anywhere.</param>
    SeedOutcome Run(ulong seed, Action<string>? trace);

    /// <summary>Looks for a smaller run that still fails; null when there is none, or none is looked for.</summary>
    /// <param name="failed">What the seed showed.</param>
    /// <param name="say">Told of each step.</param>
    SeedOutcome? Shrink(SeedOutcome failed, Action<string> say) => null;
}
