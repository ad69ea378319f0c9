using RaftLog.Interop.Tests.Clusters;
using Xunit.Sdk;

namespace RaftLog.Interop.Tests.Tools;

/// <summary>kcat: librdkafka on the command line.</summary>
internal static class Kcat
{
    private static readonly string? Program = Repository.OnPath("kcat");

    /// <summary>Why it cannot run; null where it can.</summary>
    public static string? Missing { get; } = Program is null ? "skipped: no kcat on PATH (Debian: apt-get install kcat)" : null;

    /// <summary>Runs it against every node.</summary>
    public static Task<CommandResult> RunAsync(Cluster cluster, string[] arguments, string? input = null) =>
        RunAsync(cluster.Bootstrap, arguments, input);

    /// <summary>Runs it against one node.</summary>
    public static Task<CommandResult> RunAsync(NodeProcess node, string[] arguments, string? input = null) =>
        RunAsync(node.Address, arguments, input);

    /// <summary>Starts it, to be fed piece by piece.</summary>
    public static Command Start(Cluster cluster, string[] arguments) => Command.Start(Path(), ["-b", cluster.Bootstrap, .. arguments]);

    /// <summary>Runs it against a cluster by its addresses.</summary>
    public static Task<CommandResult> RunAsync(string bootstrap, string[] arguments, string? input = null) =>
        Command.RunAsync(Path(), ["-b", bootstrap, .. arguments], input);

    private static string Path() => Program ?? throw new XunitException(Missing);
}
