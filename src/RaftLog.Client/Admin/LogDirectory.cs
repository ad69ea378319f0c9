using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>A log directory of a broker.</summary>
/// <param name="Path">Its absolute path on the broker.</param>
/// <param name="Error"><see cref="ErrorCode.KafkaStorageError"/> when it is offline, or <see cref="ErrorCode.None"/>.</param>
/// <param name="TotalBytes">The bytes of its file system, or -1 where the broker does not say.</param>
/// <param name="UsableBytes">The bytes of it that are free for the broker, or -1.</param>
/// <param name="IsCordoned">True when it takes no new partitions.</param>
/// <param name="Replicas">The replicas in it, by topic and index.</param>
public sealed record LogDirectory(
    string Path,
    ErrorCode Error,
    long TotalBytes,
    long UsableBytes,
    bool IsCordoned,
    IReadOnlyList<StoredReplica> Replicas
);

/// <summary>A replica in a log directory.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="Bytes">The bytes of its segments.</param>
/// <param name="Lag">How many offsets it is behind the high watermark; for a replica that is being moved here behind the one that it takes
/// the place of.</param>
/// <param name="IsMovingHere">True for a replica that is being moved here from another directory.</param>
public sealed record StoredReplica(TopicPartition Partition, long Bytes, long Lag, bool IsMovingHere);
