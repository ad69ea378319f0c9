using Xunit;

namespace RaftLog.TestKit;

/// <summary>
/// A page of <c>docs/</c> that is written from what the code says. The tests hold it to that; with RAFTLOG_REWRITE_DOCS=1 they write it
/// anew.
/// </summary>
public static class GeneratedPage
{
    private const string RewriteVariable = "RAFTLOG_REWRITE_DOCS";

    /// <summary>True where pages are written anew, and not compared.</summary>
    public static bool IsRewriting => Environment.GetEnvironmentVariable(RewriteVariable) == "1";

    /// <summary>Writes the page where that is asked for; it must say exactly this in any case.</summary>
    /// <param name="name">The file below <c>docs/</c>.</param>
    /// <param name="text">What it must say.</param>
    public static void MustSay(string name, string text)
    {
        string path = Path.Combine(Repository.Root, "docs", name);
        if (IsRewriting)
        {
            File.WriteAllText(path, text);
        }

        Assert.True(
            File.Exists(path) && File.ReadAllText(path) == text,
            $"docs/{name} is out of date: run the tests with {RewriteVariable}=1"
        );
    }
}
