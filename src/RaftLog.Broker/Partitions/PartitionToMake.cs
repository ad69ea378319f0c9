using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>A partition whose log is being made.</summary>
/// <param name="id">The partition.</param>
/// <param name="directory">Where its log will lie.</param>
/// <param name="log">What is to be made.</param>
/// <param name="settings">The settings that it begins with.</param>
internal sealed class PartitionToMake(TopicIdPartition id, LogDirectory directory, NewLog log, PartitionSettings settings)
{
    private readonly TaskCompletionSource _done = new();

    public TopicIdPartition Id { get; } = id;

    public LogDirectory Directory { get; } = directory;

    public NewLog Log { get; } = log;

    public PartitionSettings Settings { get; } = settings;

    /// <summary>Ends when the log is in use, or could not be made, or is no longer wanted.</summary>
    public Task Done => _done.Task;

    public void End() => _done.SetResult();

    /// <summary>Ends with another, which takes its place.</summary>
    public async Task EndWithAsync(Task other)
    {
        await other;
        End();
    }
}
