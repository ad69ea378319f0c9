using System.CommandLine;
using System.Text.RegularExpressions;

namespace RaftLog.Cli.Tests;

/// <summary>Every command line that stands in a document is one that this program understands.</summary>
public sealed partial class DocumentedCommandsTests
{
    [Fact]
    public void Every_raftlog_command_in_a_code_block_of_the_documents_is_understood()
    {
        List<string> lines =
        [
            .. Documents().SelectMany(file => CommandsOf(File.ReadAllText(file)).Select(line => $"{Path.GetFileName(file)}: {line}")),
        ];
        Assert.Contains(lines, line => line.StartsWith("README.md: raftlog topic create", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("operations.md: raftlog start", StringComparison.Ordinal));
        foreach (string line in lines)
        {
            string command = line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..];
            IReadOnlyList<string> errors =
            [
                .. CommandLine.Parse(command.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]).Errors.Select(error => error.Message),
            ];
            Assert.True(errors.Count == 0, $"{line}\n{string.Join('\n', errors)}");
        }
    }

    private static IEnumerable<string> Documents()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "RaftLog.sln")))
        {
            root = Path.GetDirectoryName(root)!;
        }

        return Directory
            .EnumerateFiles(Path.Combine(root, "docs"), "*.md", SearchOption.AllDirectories)
            .Append(Path.Combine(root, "README.md"));
    }

    /// <summary>
    /// What follows <c>raftlog</c> in code blocks, without what the shell takes: pipes, redirections, variables of a loop, comments.
    /// </summary>
    private static IEnumerable<string> CommandsOf(string document)
    {
        foreach (Match block in Block().Matches(document))
        {
            foreach (Match command in Command().Matches(block.Value))
            {
                yield return command.Value.Replace("$n", "1", StringComparison.Ordinal).Trim();
            }
        }
    }

    [GeneratedRegex("^```[a-z]*\\n.*?^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex("(?<![\\w/=-])raftlog [a-z][^|&;#>\\n]*")]
    private static partial Regex Command();
}
