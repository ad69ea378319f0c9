using System.Globalization;
using RaftLog.Protocol;
using RaftLog.Simulation;

namespace RaftLog.Cli.Simulation;

/// <summary>Runs every bug, by seeds alone and by scenarios alone, and writes what caught it into a page, between two marks.</summary>
internal static class BugTable
{
    private const string Begin = "<!-- seeded bugs: begin -->";
    private const string End = "<!-- seeded bugs: end -->";

    public static int Write(string file, TimeSpan budget, int jobs)
    {
        string page = File.ReadAllText(file);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal);
        int end = page.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            Console.Error.WriteLine($"--table {file}: the page has no lines '{Begin}' and '{End}' for the table to lie between");
            return ExitCode.Usage;
        }

        List<string> rows =
        [
            "| Bug | What it does | Caught by seeds | Seeds | Seconds | Caught by scenario |",
            "|---|---|---|---|---|---|",
        ];
        int survivors = 0;
        foreach (KnownBug bug in KnownBug.All.Prepend(KnownBug.Canary).Append(KnownBug.None))
        {
            SeededBug.Arm(bug.Number);
            BugCatch? bySeeds = new BugHunt(budget, jobs).BySeeds();
            BugCatch? byScenario = BugHunt.ByScenario();
            BugCatch? byThreads = bySeeds is null && byScenario is null && bug != KnownBug.None ? BugHunt.ByThreads() : null;
            rows.Add(Row(bug, bySeeds, byScenario, byThreads));
            Console.Out.WriteLine(rows[^1]);
            survivors +=
                bySeeds is null && byScenario is null && byThreads is null && bug.Equivalent is null && bug != KnownBug.None ? 1 : 0;
        }

        File.WriteAllText(file, $"{page[..begin]}{Begin}\n{string.Join('\n', rows)}\n{page[end..]}");
        return survivors == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private static string Row(KnownBug bug, BugCatch? bySeeds, BugCatch? byScenario, BugCatch? byThreads)
    {
        string seeds = bySeeds is null
            ? "- | - | -"
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{bySeeds.Checker} ({bySeeds.Where.Trim()}) | {bySeeds.Seeds} | {bySeeds.Elapsed.TotalSeconds:F1}"
            );
        string scenario =
            byScenario is not null ? byScenario.Where["scenario=".Length..].Replace('_', ' ')
            : byThreads is not null ? $"{byThreads.Checker}, in a run on threads"
            : bug.Equivalent is { } why ? $"equivalent: {why}"
            : "-";
        return $"| {bug.Name} | {bug.What} | {seeds} | {scenario} |";
    }
}
