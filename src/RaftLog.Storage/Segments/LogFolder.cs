namespace RaftLog.Storage;

/// <summary>
/// The directory that holds a log's files. It can get another name while they are in use: the copy that takes its replica's place, a log
/// that is deleted. Changed by the log's writer, read by anyone.
/// </summary>
internal sealed class LogFolder(string path)
{
    private volatile string _path = path;

    /// <summary>Where it is now.</summary>
    public string Path => _path;

    /// <summary>It has another name.</summary>
    public void Renamed(string path) => _path = path;
}
