using RaftLog.Interop.Tests.Clusters;
using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Tools;

/// <summary>Apache Kafka's own command line tools.</summary>
internal static class KafkaTools
{
    /// <summary>Why they cannot run; null where they can.</summary>
    public static string? Missing { get; } =
        Peers.Missing ?? (Repository.OnPath("java") is null ? "skipped: no java on PATH (Debian: openjdk-17-jre-headless)" : null);

    /// <summary>Runs a tool against every node.</summary>
    public static Task<CommandResult> RunAsync(Cluster cluster, string tool, params string[] arguments) =>
        RunAsync(tool, ["--bootstrap-server", cluster.Bootstrap, .. arguments]);

    /// <summary>Runs a tool.</summary>
    public static Task<CommandResult> RunAsync(string tool, string[] arguments) => EndAsync(Start(tool, arguments));

    /// <summary>Runs a main class of Kafka's.</summary>
    public static Task<CommandResult> RunClassAsync(string name, string[] arguments) =>
        EndAsync(Start(KafkaNodes.Launcher, ["class", name, .. arguments], ""));

    /// <summary>Starts a tool.</summary>
    public static Command Start(string tool, string[] arguments) => Start(KafkaNodes.Launcher, ["tool", tool, .. arguments], "");

    /// <summary>Starts a program in <c>java/</c>, one source file, with Kafka's libraries.</summary>
    public static Command StartSource(string file, string[] arguments) =>
        Start(
            Repository.OnPath("java")!,
            ["-cp", Path.Combine(Peers.Folder!, "kafka", "libs", "*"), Path.Combine(Sources, file), .. arguments],
            "-Xmx256m -XX:+UseSerialGC"
        );

    private static string Sources { get; } = Path.Combine(Repository.Root, "tests", "RaftLog.Interop.Tests", "java");

    private static Command Start(string program, string[] arguments, string options) =>
        Missing is null
            ? Command.Start(program, arguments, new Dictionary<string, string> { ["JDK_JAVA_OPTIONS"] = options })
            : throw new XunitException(Missing);

    private static async Task<CommandResult> EndAsync(Command command)
    {
        using (command)
        {
            command.Input.Close();
            return await command.EndAsync();
        }
    }
}
