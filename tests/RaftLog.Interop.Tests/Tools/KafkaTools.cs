using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Processes;
using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Tools;

/// <summary>Apache Kafka's own command line tools.</summary>
internal static class KafkaTools
{
    private static readonly string? Program = Peers.Folder is { } folder ? Path.Combine(folder, "kafka", "kafka") : null;

    /// <summary>Why they cannot run; null where they can.</summary>
    public static string? Missing { get; } = Peers.Missing
        ?? (Repository.OnPath("java") is null ? "skipped: no java on PATH (Debian: openjdk-17-jre-headless)" : null);

    /// <summary>Runs a tool against every node.</summary>
    public static Task<CommandResult> RunAsync(Cluster cluster, string tool, params string[] arguments) =>
        RunAsync(tool, ["--bootstrap-server", cluster.Bootstrap, .. arguments]);

    /// <summary>Runs a tool.</summary>
    public static Task<CommandResult> RunAsync(string tool, string[] arguments) =>
        Missing is null ? Command.RunAsync(Program!, ["tool", tool, .. arguments]) : throw new XunitException(Missing);
}
