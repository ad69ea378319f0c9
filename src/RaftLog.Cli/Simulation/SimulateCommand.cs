using System.CommandLine;
using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary><c>raftlog simulate</c>: whole clusters in virtual time, one seed after the other.</summary>
internal static class SimulateCommand
{
    public static Command Create()
    {
        Option<ulong?> seeds = new("--seeds")
        {
            Description = "How many seeds; 100 when absent, one with --seed, no limit with --minutes.",
        };
        Option<ulong?> seed = new("--seed") { Description = "The first seed; 1 when absent." };
        Option<double?> minutes = new("--minutes") { Description = "Begin no more seeds after so many minutes." };
        Option<int?> jobs = new("--jobs") { Description = "How many seeds at a time; as many as there are processors when absent." };
        Option<string?> file = new("--resume")
        {
            Description =
                "Keep the run in this file, and go on from there when the same command is given again; what failed is tried again first.",
        };
        Option<bool> failFast = new("--fail-fast")
        {
            Description = "End at the first seed or scenario that fails, and look for nothing smaller that fails, too.",
        };
        Option<bool> trace = new("--trace") { Description = "Print everything that happens in the first seed." };
        Option<string?> html = new("--html") { Description = "Draw the timeline of the first seed into this file." };
        Option<bool> counters = new("--counters") { Description = "Print how often each fault, check and rare event happened." };
        Option<bool> verbose = new("--verbose") { Description = "Print a line for each seed, in seed order, which ends in trace=HASH." };
        Option<bool> cores = new("--cores")
        {
            Description = "Run the cores of the protocol alone, without codec and files: a thousand times real time.",
        };
        Option<string?> bug = new("--bug")
        {
            Description = "Switch one seeded bug on and see whether it is found: M1 to M88, none, canary, or list.",
        };
        Option<string?> scenario = new("--scenario")
        {
            Description = "Play the scenarios with this in their names instead of seeds; with --bug, with that bug switched on.",
        };
        Option<string?> table = new("--table")
        {
            Description = "With --bug all: the page to write the table of what caught each bug into.",
        };
        Command command = new(
            "simulate",
            "Run whole clusters in a simulated world, with faults, and check every promise. Exit code 0: held, 1: broken, 3: nothing "
                + "was shown."
        )
        {
            seeds,
            seed,
            minutes,
            jobs,
            file,
            failFast,
            trace,
            html,
            counters,
            verbose,
            cores,
            bug,
            table,
            scenario,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(seeds) is 0)
            {
                result.AddError("--seeds 0 shows nothing: give at least 1");
            }

            if (result.GetValue(minutes) is <= 0)
            {
                result.AddError("--minutes must be above zero");
            }

            if (result.GetValue(jobs) is < 1)
            {
                result.AddError("--jobs must be at least 1");
            }

            if (
                result.GetValue(file) is not null
                && (result.GetValue(trace) || result.GetValue(html) is not null || result.GetValue(bug) is not null)
            )
            {
                result.AddError("--resume is for a run of many seeds: leave out --trace, --html and --bug");
            }
        });
        command.SetAction(parsed =>
        {
            TimeSpan? limit = parsed.GetValue(minutes) is { } given ? TimeSpan.FromMinutes(given) : null;
            int threads = parsed.GetValue(jobs) ?? Environment.ProcessorCount;
            if (parsed.GetValue(bug) is { } name)
            {
                return BugCommand.Run(name, threads, limit, parsed.GetValue(table), parsed.GetValue(scenario));
            }

            if (parsed.GetValue(scenario) is { } part)
            {
                return ScenarioCommand.Run(part, parsed.GetValue(failFast));
            }

            ulong? count = parsed.GetValue(seeds);
            ulong defaultCount =
                parsed.GetValue(minutes) is not null ? ulong.MaxValue >> 1
                : parsed.GetValue(seed) is not null ? 1UL
                : 100UL;
            SimulatePlan plan = new(
                parsed.GetValue(cores) ? new ProtocolCores() : new WholeNodes(),
                parsed.GetValue(seed) ?? 1,
                count ?? defaultCount,
                limit,
                threads,
                parsed.GetValue(verbose)
            )
            {
                Trace = parsed.GetValue(trace),
                Page = parsed.GetValue(html),
                Counters = parsed.GetValue(counters),
                File = parsed.GetValue(file),
                FailFast = parsed.GetValue(failFast),
            };
            return plan.Trace || plan.Page is not null ? SimulateTrace.Run(plan) : SimulateBatch.Run(plan);
        });
        return command;
    }
}
