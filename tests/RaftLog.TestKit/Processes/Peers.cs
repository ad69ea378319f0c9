namespace RaftLog.TestKit;

/// <summary>The folder of other systems and their clients, named by <c>RAFTLOG_PEERS</c>.</summary>
public static class Peers
{
    /// <summary>The folder; null where it is not set or not there.</summary>
    public static string? Folder { get; } =
        Environment.GetEnvironmentVariable("RAFTLOG_PEERS") is { Length: > 0 } folder && Directory.Exists(folder) ? folder : null;

    /// <summary>Why nothing of it can be used; null where it can.</summary>
    public static string? Missing { get; } =
        Folder is null ? "skipped: RAFTLOG_PEERS does not name a folder with Kafka's tools and clients" : null;
}
