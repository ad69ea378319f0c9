using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary>
/// Runs a batch of seeds, tells what failed, and sums up. Ctrl-C or SIGTERM ends it after the seeds under way; a second one at once.
/// </summary>
internal sealed class SimulateBatch
{
    private const int MaxExplained = 3;
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    private readonly SimulatePlan _plan;
    private readonly RunRecord _record;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly List<SeedOutcome> _toExplain = [];
    private TimeSpan _nextProgress = ProgressInterval;
    private volatile bool _interrupted;

    private SimulateBatch(SimulatePlan plan, RunRecord record)
    {
        _plan = plan;
        _record = record;
    }

    /// <summary>Runs what is left of a plan, and gives the exit code.</summary>
    public static int Run(SimulatePlan plan)
    {
        RunRecord record;
        try
        {
            record = RunRecord.Open(plan);
        }
        catch (Exception failure) when (failure is FormatException or IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"raftlog: --resume: {failure.Message}");
            return ExitCode.Usage;
        }

        return new SimulateBatch(plan, record).Run();
    }

    private int Run()
    {
        _record.TryFailedAgain(now =>
            Console.Error.WriteLine($"seed {now.Seed} failed before, and {(now.Held ? "holds now" : $"FAILED again: {now.Violation}")}")
        );
        SeedBatch batch = new(
            _plan.Simulation,
            _record.Next,
            _record.Left,
            () => !_interrupted && (_plan.Limit is not { } limit || _clock.Elapsed < limit)
        );
        using (PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt))
        using (PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt))
        {
            batch.Run(_plan.Jobs, Show);
        }

        Save();
        Console.Out.WriteLine(Line());
        if (_plan.Counters)
        {
            foreach ((string name, long count) in _record.Figures.Counters)
            {
                Console.Out.WriteLine($"{count, 12} {name}");
            }
        }

        _toExplain.ForEach(Explain);
        return Judge(batch.PoolItems);
    }

    private void Interrupt(PosixSignalContext signal)
    {
        signal.Cancel = !_interrupted;
        _interrupted = true;
    }

    private bool Show(SeedOutcome outcome)
    {
        _record.Add(outcome);
        if (_plan.Verbose)
        {
            Console.Out.WriteLine(outcome.ToString());
        }

        if (!outcome.Held)
        {
            _toExplain.Add(outcome);
            Console.Error.WriteLine($"seed {outcome.Seed} FAILED: {outcome.Violation}");
        }

        if (_clock.Elapsed >= _nextProgress)
        {
            _nextProgress = _clock.Elapsed + ProgressInterval;
            Save();
            if (!_plan.Verbose)
            {
                Console.Error.WriteLine(Line());
            }
        }

        return _toExplain.Count < (_plan.FailFast ? 1 : MaxExplained);
    }

    /// <summary>A disk that is full ends no run: what the seeds show is told all the same.</summary>
    private void Save()
    {
        try
        {
            _record.Save(_clock.Elapsed);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"--resume: the run is not written down: {failure.Message}");
        }
    }

    private void Explain(SeedOutcome failed)
    {
        Console.Error.WriteLine();
        Console.Error.WriteLine(failed.Explanation);
        if (!_plan.FailFast && _plan.Simulation.Shrink(failed, Console.Error.WriteLine) is { } smaller)
        {
            Console.Error.WriteLine(smaller.Explanation);
        }

        Console.Error.WriteLine($"Replay: {_plan.Replay(failed.Seed)}");
    }

    private int Judge(long poolItems)
    {
        if (poolItems > 0)
        {
            Console.Error.WriteLine($"FAILED: {poolItems} items came to the thread pool: some code has left the simulated world");
        }

        if (_record.Figures.Fault() is { } fault)
        {
            Console.Error.WriteLine($"FAILED: {fault}");
            return ExitCode.Failed;
        }

        if (_record.Failed.Count > 0 || poolItems > 0)
        {
            Console.Error.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{_record.Failed.Count} of {_record.Figures.Seeds} seeds failed")
            );
            return ExitCode.Failed;
        }

        if (_record.Figures.WhyNothing() is not { } nothing)
        {
            return ExitCode.Ok;
        }

        Console.Error.WriteLine($"nothing is proved: {nothing}");
        return ExitCode.NothingProved;
    }

    private string Line()
    {
        BatchFigures figures = _record.Figures;
        TimeSpan elapsed = _record.Elapsed(_clock.Elapsed);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{figures.Seeds} seeds, {figures.Seeds / elapsed.TotalSeconds:F2} seeds/s, {figures.Simulated.TotalHours:F2} simulated hours, "
                + $"{figures.Simulated / elapsed:F0} times real time, {figures.Faults} faults, {figures.Operations} operations, "
                + $"{figures.Acknowledged} acknowledged records checked"
        );
    }
}
