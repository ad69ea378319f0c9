using RaftLog.Protocol;

namespace RaftLog.Client.Consume.Parallel;

/// <summary>Work on partitions that goes on beside the reader, and has to end before another member may have them.</summary>
internal interface IPartitionWork
{
    /// <summary>Since when the oldest work is, on the client's clock; <see cref="long.MaxValue"/> where none is.</summary>
    long OldestMs { get; }

    /// <summary>
    /// These partitions will be taken away: begins nothing more of them and waits for what is in work. Afterwards what is done is stored.
    /// </summary>
    ValueTask DrainAsync(IReadOnlyCollection<TopicPartition> partitions);

    /// <summary>These partitions are gone.</summary>
    void Forget(IReadOnlyCollection<TopicPartition> partitions);
}
