using RaftLog.Protocol;

namespace RaftLog.Client.Admin;

/// <summary>A log directory of a broker.</summary>
/// <param name="Path">Its absolute path.</param>
/// <param name="Error">Why nothing is known of it (KAFKA_STORAGE_ERROR where it is offline), or none.</param>
/// <param name="TotalBytes">The bytes of its file system; -1 where the broker does not tell.</param>
/// <param name="UsableBytes">Those that are free; -1 where the broker does not tell.</param>
/// <param name="IsCordoned">True when it gets no new replicas (KIP-1066).</param>
/// <param name="Replicas">What lies in it.</param>
public sealed record LogDirView(
    string Path,
    ErrorCode Error,
    long TotalBytes,
    long UsableBytes,
    bool IsCordoned,
    IReadOnlyList<LogDirReplica> Replicas
);

/// <summary>A replica in a log directory.</summary>
/// <param name="Partition">The partition.</param>
/// <param name="SizeBytes">The bytes of its segments.</param>
/// <param name="OffsetLag">How many records it lacks: of what is committed, or for a copy that is being made, of the replica that it is a
/// copy of.</param>
/// <param name="IsFuture">True for a copy that is being made to move the replica here (KIP-113).</param>
public sealed record LogDirReplica(TopicPartition Partition, long SizeBytes, long OffsetLag, bool IsFuture);
