using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary>
/// What the seeds of a run have shown so far. With a file it outlives the process: a run of many hours can be made in parts.
/// </summary>
internal sealed class RunRecord
{
    private readonly SimulatePlan _plan;
    private readonly TimeSpan _earlier;
    private readonly List<FailedSeed> _failed;

    private RunRecord(SimulatePlan plan, RunFile? earlier)
    {
        _plan = plan;
        Figures = earlier?.Figures ?? new BatchFigures();
        Next = earlier?.Next ?? plan.First;
        _earlier = earlier?.Elapsed ?? TimeSpan.Zero;
        _failed = [.. earlier?.Failed ?? []];
    }

    /// <summary>The sums of all parts.</summary>
    public BatchFigures Figures { get; }

    /// <summary>The first seed that was not run.</summary>
    public ulong Next { get; private set; }

    /// <summary>How many seeds the plan has left.</summary>
    public ulong Left => Math.Max(_plan.First + _plan.Count, Next) - Next;

    /// <summary>The seeds that failed, and do still.</summary>
    public IReadOnlyList<FailedSeed> Failed => _failed;

    /// <summary>Takes up the run that the plan's file holds, or begins one.</summary>
    /// <exception cref="FormatException">The file holds another run, or something else.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static RunRecord Open(SimulatePlan plan)
    {
        RunFile? earlier = plan.File is { } file ? RunFile.Read(file) : null;
        return earlier is null || (earlier.Simulation == plan.Simulation.Arguments && earlier.First == plan.First)
            ? new RunRecord(plan, earlier)
            : throw new FormatException(
                $"{plan.File} holds a run of 'raftlog simulate {Words(earlier.Simulation, earlier.First)}', and this is "
                    + $"'raftlog simulate {Words(plan.Simulation.Arguments, plan.First)}': give the options that began it, or another file."
            );
    }

    /// <summary>Adds what the next seed showed.</summary>
    public void Add(SeedOutcome outcome)
    {
        Figures.Add(outcome);
        Next = outcome.Seed + 1;
        if (outcome.Violation is { } violation)
        {
            _failed.Add(new FailedSeed(outcome.Seed, violation));
        }
    }

    /// <summary>Runs the seeds again that failed in earlier parts, and forgets those that hold now.</summary>
    /// <param name="say">Told of each.</param>
    public void TryFailedAgain(Action<SeedOutcome> say) =>
        _failed.RemoveAll(each =>
        {
            SeedOutcome now = _plan.Simulation.Run(each.Seed, trace: null);
            say(now);
            return now.Held;
        });

    /// <summary>Wall time of all parts.</summary>
    /// <param name="thisPart">Wall time of this one.</param>
    public TimeSpan Elapsed(TimeSpan thisPart) => _earlier + thisPart;

    /// <summary>Writes it down, where the plan has a file for it.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Save(TimeSpan thisPart)
    {
        if (_plan.File is { } file)
        {
            new RunFile(_plan.Simulation.Arguments, _plan.First, Next, Elapsed(thisPart), Figures, _failed).Write(file);
        }
    }

    private static string Words(string arguments, ulong first) => $"{arguments}{(arguments.Length > 0 ? " " : "")}--seed {first}";
}
