namespace RaftLog.TestKit;

/// <summary>
/// A scripted run with everything that it brought about, as a text that people read:
/// <code>
/// # A comment says what is about to be shown.
/// > a command
///   what it brought about, indented by two spaces
/// </code>
/// The commands and comments are the script; the indented lines are written by an interpreter and compared with what it says today.
/// </summary>
public static class Transcript
{
    private const string CommandMark = "> ";
    private const string Indent = "  ";

    /// <summary>The environment variable that has the files written anew instead of compared.</summary>
    public const string RewriteVariable = "RAFTLOG_REWRITE_TRANSCRIPTS";

    /// <summary>The names of a test project's transcripts, without folder and ending: the data of a theory.</summary>
    public static TheoryData<string> NamesIn(string project)
    {
        var names = new TheoryData<string>();
        foreach (string file in Directory.EnumerateFiles(FolderOf(project), "*.txt").Order(StringComparer.Ordinal))
        {
            names.Add(Path.GetFileNameWithoutExtension(file));
        }

        return names;
    }

    /// <summary>Runs a transcript of a test project and compares; with <see cref="RewriteVariable"/> set to 1, writes it anew.</summary>
    public static void Check(string project, string name, ITranscriptInterpreter interpreter)
    {
        string path = Path.Combine(FolderOf(project), name + ".txt");
        string expected = File.ReadAllText(path);
        string actual = Replay(expected, interpreter);
        if (actual == expected)
        {
            return;
        }

        if (Environment.GetEnvironmentVariable(RewriteVariable) == "1" && !Repository.IsContinuousIntegration)
        {
            File.WriteAllText(path, actual);
            return;
        }

        string file = Path.GetRelativePath(Repository.Root, path);
        Assert.Fail(
            $"{file} says otherwise ('-' is the file, '+' is this run; {RewriteVariable}=1 rewrites it):\n"
                + $"{LineDifference.Of(expected, actual)}"
        );
    }

    /// <summary>The transcript of the same script as of now.</summary>
    /// <exception cref="FormatException">A line is neither comment, command nor output, or a command is wrong; names the line.</exception>
    public static string Replay(string transcript, ITranscriptInterpreter interpreter)
    {
        List<string> lines = [];
        int number = 0;
        foreach (string line in transcript.TrimEnd('\n').Split('\n'))
        {
            number++;
            if (line.StartsWith(Indent, StringComparison.Ordinal))
            {
                continue;
            }

            lines.Add(line);
            if (line.StartsWith(CommandMark, StringComparison.Ordinal))
            {
                lines.AddRange(Execute(line[CommandMark.Length..], number, interpreter).Select(output => Indent + output));
            }
            else if (line.Length > 0 && line[0] != '#')
            {
                throw new FormatException($"line {number} is neither a comment (#), a command (>) nor output (two spaces): {line}");
            }
        }

        return string.Join('\n', lines) + "\n";
    }

    private static IReadOnlyList<string> Execute(string text, int number, ITranscriptInterpreter interpreter)
    {
        try
        {
            var command = new TranscriptCommand(text);
            IReadOnlyList<string> output = interpreter.Execute(command);
            return command.Unread.Count == 0
                ? output
                : throw new FormatException($"'{command.Name}' has no option '{command.Unread.First()}'");
        }
        catch (FormatException wrong)
        {
            throw new FormatException($"line {number}, {text}: {wrong.Message}", wrong);
        }
    }

    private static string FolderOf(string project) => Path.Combine(Repository.Root, "tests", project, "Transcripts");
}
