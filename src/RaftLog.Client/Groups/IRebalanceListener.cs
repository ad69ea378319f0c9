using RaftLog.Protocol;

namespace RaftLog.Client.Groups;

/// <summary>
/// Hears what a rebalance gives and takes. The calls come from within <see cref="Consume.Consumer.ReadAsync"/>, so never while the reader
/// works on records that it got before; the reader waits for their end, and so does the group, up to
/// <see cref="Consume.ConsumerOptions.MaxPollInterval"/>.
/// </summary>
public interface IRebalanceListener
{
    /// <summary>Partitions were given to this member, in addition to those that it has. Their positions may be sought to here.</summary>
    ValueTask AssignedAsync(IReadOnlyList<TopicPartition> partitions);

    /// <summary>Partitions are about to be taken away; what was read of them can still be committed.</summary>
    ValueTask RevokedAsync(IReadOnlyList<TopicPartition> partitions);

    /// <summary>
    /// Partitions are gone: the group went on without this member, and others may read them already. Nothing can be committed for them.
    /// </summary>
    ValueTask LostAsync(IReadOnlyList<TopicPartition> partitions);
}
