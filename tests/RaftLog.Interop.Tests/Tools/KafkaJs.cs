using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Tools;

/// <summary>kafkajs, through the scripts in <c>node/</c>.</summary>
internal static class KafkaJs
{
    private static readonly string Scripts = Path.Combine(Repository.Root, "tests", "RaftLog.Interop.Tests", "node");
    private static readonly string? Program = Repository.OnPath("node");

    /// <summary>Why it cannot run; null where it can.</summary>
    public static string? Missing { get; } =
        Program is null ? "skipped: no node on PATH"
        : !Directory.Exists(Path.Combine(Scripts, "node_modules", "kafkajs")) ? $"skipped: no kafkajs; run 'npm ci' in {Scripts}"
        : null;

    /// <summary>Runs a script.</summary>
    public static async Task<CommandResult> RunAsync(string script, params string[] arguments)
    {
        using Command command = Start(script, arguments);
        command.Input.Close();
        return await command.EndAsync();
    }

    /// <summary>Starts a script.</summary>
    public static Command Start(string script, params string[] arguments) =>
        Missing is null
            ? Command.Start(
                Program!,
                [Path.Combine(Scripts, script), .. arguments],
                new Dictionary<string, string> { ["KAFKAJS_NO_PARTITIONER_WARNING"] = "1" }
            )
            : throw new XunitException(Missing);
}
