using RaftLog.Platform;

namespace RaftLog.Storage;

/// <summary>
/// The mark of a directory that RaftLog writes to, an empty file <c>raftlog-in-use</c>: there before the first record, gone before the mark
/// of a clean stop. After an unclean stop it tells who wrote last. Apache Kafka leaves it alone, so a node of Kafka that is killed in a
/// directory in which RaftLog was killed before is taken for RaftLog.
/// </summary>
internal static class InUseMark
{
    private const string Name = "raftlog-in-use";

    /// <summary>True when it is there.</summary>
    public static bool IsIn(IDisk disk, string directory) => disk.FileExists($"{directory}/{Name}");

    /// <summary>Makes it; the directory must be flushed before a record counts.</summary>
    public static void Make(IDisk disk, string directory) => disk.OpenOrCreate($"{directory}/{Name}").Dispose();

    /// <summary>Removes it; the directory must be flushed after it, or before anybody else may write there.</summary>
    public static void Remove(IDisk disk, string directory) => disk.DeleteFile($"{directory}/{Name}");
}
