using System.Text;

namespace RaftLog.Simulation.Tests;

/// <summary>
/// The table of <c>docs/verification.md</c>: what happened in one test run, so that nobody need believe that it did. Run the tests with
/// RAFTLOG_REWRITE_DOCS=1 to write it anew; the figures are those of that run, the lines must be today's.
/// </summary>
internal static class VerificationPage
{
    private const string Begin = "<!-- Written by SeedTests; run the tests with RAFTLOG_REWRITE_DOCS=1 after a change. -->\n";
    private const string End = "<!-- End of what SeedTests writes. -->\n";

    internal static void Check(BatchFigures figures)
    {
        string path = Path.Combine(Repository.Root, "docs", "verification.md");
        string page = File.ReadAllText(path);
        int from = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int to = page.IndexOf(End, StringComparison.Ordinal);
        if (GeneratedPage.IsRewriting)
        {
            File.WriteAllText(path, page[..from] + Table(figures) + page[to..]);
            return;
        }

        Assert.Equal(Names(Table(figures)), Names(page[from..to]));
    }

    private static string Table(BatchFigures figures)
    {
        StringBuilder table = new();
        table.Append($"{figures}.\n\n| What | How often |\n|---|---:|\n");
        foreach ((string name, long count) in figures.Counters)
        {
            table.Append(FormattableString.Invariant($"| {name} | {count} |\n"));
        }

        return table.ToString();
    }

    private static IEnumerable<string> Names(string table) =>
        table.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Select(line => line.Split('|')[1]);
}
