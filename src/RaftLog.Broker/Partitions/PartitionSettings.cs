using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>What a topic's configuration means to its partitions.</summary>
/// <param name="Log">How the log is divided and flushed.</param>
/// <param name="Append">What may be appended.</param>
/// <param name="MinInSync"><c>min.insync.replicas</c>, as configured.</param>
public sealed record PartitionSettings(LogSettings Log, AppendSettings Append, int MinInSync)
{
    /// <summary>How much of it is kept where <c>cleanup.policy</c> has delete; else everything.</summary>
    public RetentionLimits Retention { get; init; } = RetentionLimits.None;

    /// <summary>How it is compacted where <c>cleanup.policy</c> has compact; else null.</summary>
    public CleaningSettings? Cleaning { get; init; }

    /// <summary>Which of its replicas copy slowly while they are not in sync.</summary>
    public ThrottledReplicas Throttled { get; init; }

    /// <summary>Which of its replicas, while they lead, are copied slowly by others that are not in sync.</summary>
    public ThrottledReplicas ThrottledLeaders { get; init; }

    /// <summary>Whether a replica copies slowly while it is not in sync, and is copied slowly while it leads.</summary>
    internal (bool AsFollower, bool AsLeader) IsThrottled(int partition, NodeId replica) =>
        (Throttled.Contains(partition, replica), ThrottledLeaders.Contains(partition, replica));
}

/// <summary>Where a topic's settings come from: its replicated configuration, and the node's defaults below it.</summary>
public interface ITopicSettings
{
    /// <summary>The settings in force for a topic.</summary>
    PartitionSettings For(string topic, MetadataImage image);

    /// <summary>How many bytes a second throttled replicas may copy on this node, all together; null for any number.</summary>
    long? ThrottledBytesPerSecond(MetadataImage image);

    /// <summary>How many bytes a second throttled replicas may be given by this node, all together; null for any number.</summary>
    long? LeaderThrottledBytesPerSecond(MetadataImage image) => null;

    /// <summary>How many bytes a second may be copied between log directories of this node; null for any number.</summary>
    long? MovedBytesPerSecond(MetadataImage image) => null;

    /// <summary>The paths of log directories that get no new replicas, or <c>*</c>.</summary>
    IReadOnlyList<string> CordonedDirectories(MetadataImage image) => [];
}
