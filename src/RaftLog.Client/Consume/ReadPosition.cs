using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>Where reading goes on in one partition. Guarded by the lock of its <see cref="Assignment"/>.</summary>
internal sealed class ReadPosition(TopicPartition partition, StartAt start)
{
    public TopicPartition Partition => partition;

    /// <summary>Where to begin, until the search for it has ended.</summary>
    public StartAt? Start { get; set; } = start;

    /// <summary>The next offset to fetch.</summary>
    public Offset Fetch { get; set; } = Offset.None;

    /// <summary>The epoch of the last record fetched, so that the leader can tell whether it still has that record.</summary>
    public LeaderEpoch LastEpoch { get; set; } = LeaderEpoch.None;

    /// <summary>The next offset that the reader gets.</summary>
    public Offset Read { get; set; } = Offset.None;

    /// <summary>Grows with every seek: what was fetched for an earlier one is dropped.</summary>
    public int Generation { get; set; }

    public bool IsFetching { get; set; }

    /// <summary>Why nothing more can be read before a seek, or null.</summary>
    public KafkaException? Failure { get; set; }

    /// <summary>When to fetch again after a passing failure, on the client's clock.</summary>
    public long NotBeforeMs { get; set; }
}
