namespace RaftLog.Mutants;

/// <summary>A part of the code that mutants are made in, and the tests that are its own.</summary>
/// <param name="Name">What it is called on the command line.</param>
/// <param name="Folder">Where its files lie, from the repository's root.</param>
/// <param name="Tests">The name of the test project.</param>
internal sealed record Room(string Name, string Folder, string Tests)
{
    /// <summary>All of them, in the order in which places are listed.</summary>
    public static readonly IReadOnlyList<Room> All =
    [
        new("Raft", "src/RaftLog.Raft", "RaftLog.Raft.Tests"),
        new("Replication", "src/RaftLog.Replication", "RaftLog.Replication.Tests"),
        new("Metadata", "src/RaftLog.Metadata", "RaftLog.Metadata.Tests"),
        new("Storage", "src/RaftLog.Storage", "RaftLog.Storage.Tests"),
        new("Partitions", "src/RaftLog.Broker/Partitions", "RaftLog.Broker.Tests"),
        new("Fetching", "src/RaftLog.Broker/Fetching", "RaftLog.Broker.Tests"),
        new("Quorum", "src/RaftLog.Broker/Quorum", "RaftLog.Broker.Tests"),
    ];

    /// <summary>The folder of the project that its files are compiled in, from the repository's root.</summary>
    public string Project => string.Join('/', Folder.Split('/').Take(2));

    /// <summary>Its source files below a root, without what is generated and without seeded bugs, in ordinal order.</summary>
    public IEnumerable<string> Files(string root) =>
        Directory
            .EnumerateFiles(Path.Combine(root, Folder), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(root, file).Replace('\\', '/'))
            .Where(file => !file.Contains("/bin/") && !file.Contains("/obj/") && !file.EndsWith(".SeededBugs.cs", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);
}
