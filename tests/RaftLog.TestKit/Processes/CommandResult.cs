using Xunit.Sdk;

namespace RaftLog.TestKit;

/// <summary>What a program said.</summary>
/// <param name="Line">The command line, for failures.</param>
/// <param name="ExitCode">Its exit code; -1 when it was killed because it took too long.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Errors">Standard error.</param>
public sealed record CommandResult(string Line, int ExitCode, string Output, string Errors)
{
    private const int MostShown = 4000;

    /// <summary>Standard output without empty lines.</summary>
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>This result, when the exit code is 0.</summary>
    public CommandResult Succeeded() => ExitCode == 0 ? this : throw new XunitException($"{Describe()}");

    /// <summary>This result, when the exit code is not 0 and the program ended by itself.</summary>
    public CommandResult Failed() => ExitCode > 0 ? this : throw new XunitException($"a failure was expected: {Describe()}");

    /// <summary>This result, when output or errors contain the text.</summary>
    public CommandResult Saying(string text) =>
        Output.Contains(text, StringComparison.Ordinal) || Errors.Contains(text, StringComparison.Ordinal)
            ? this
            : throw new XunitException($"'{text}' was expected: {Describe()}");

    /// <summary>This result, when neither output nor errors contain the text.</summary>
    public CommandResult NotSaying(string text) =>
        Output.Contains(text, StringComparison.OrdinalIgnoreCase) || Errors.Contains(text, StringComparison.OrdinalIgnoreCase)
            ? throw new XunitException($"'{text}' was not expected: {Describe()}")
            : this;

    /// <summary>Everything, for failures.</summary>
    public string Describe() => $"{Line}\nexit code {ExitCode}\nstdout: {Shorten(Output)}\nstderr: {Shorten(Errors)}";

    private static string Shorten(string text) => text.Length <= MostShown ? text : "..." + text[^MostShown..];
}
