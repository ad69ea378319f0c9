using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Tools;

/// <summary>
/// The Python clients that a distribution ships, years older than those of today: Debian 12's <c>python3-confluent-kafka</c> 1.7.0 with
/// librdkafka 2.0.2, and <c>python3-kafka</c> 2.0.2.
/// </summary>
internal static class DebianPython
{
    private const string Program = "/usr/bin/python3";
    private static readonly string Scripts = Path.Combine(Repository.Root, "tests", "RaftLog.Interop.Tests", "python");

    /// <summary>Why they cannot run; null where they can.</summary>
    public static string? Missing { get; } = Find();

    /// <summary>Starts a script.</summary>
    public static Command Start(string script, params string[] arguments) =>
        Missing is null
            ? Command.Start(
                Program,
                [Path.Combine(Scripts, script), .. arguments],
                new Dictionary<string, string> { ["PYTHONDONTWRITEBYTECODE"] = "1" }
            )
            : throw new XunitException(Missing);

    private static string? Find()
    {
        const string Sentence = "skipped: Debian's packages python3-kafka and python3-confluent-kafka are not installed";
        if (!File.Exists(Program))
        {
            return Sentence;
        }

        CommandResult imported = Command.RunAsync(Program, ["-c", "import confluent_kafka, kafka"]).GetAwaiter().GetResult();
        return imported.ExitCode == 0 ? null : Sentence;
    }
}
