using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>What becomes of a partition's position next.</summary>
internal enum ReadState
{
    /// <summary>The offset to begin at has to be found.</summary>
    Unresolved,

    /// <summary>Somebody is finding it.</summary>
    Resolving,

    /// <summary>It waits in line for the next fetch from its leader.</summary>
    Idle,

    /// <summary>A fetch is under way, or the leader's session knows the position and waits for records.</summary>
    Fetching,

    /// <summary>It waits for a time after a passing failure.</summary>
    Delayed,

    /// <summary>What was fetched ahead waits for the reader.</summary>
    Full,

    /// <summary>Nothing more can be read before a seek.</summary>
    Failed,
}

/// <summary>Where reading goes on in one partition. Guarded by the lock of its <see cref="Assignment"/>.</summary>
internal sealed class ReadPosition(TopicPartition partition, StartAt start)
{
    public TopicPartition Partition => partition;

    public ReadState State { get; set; } = ReadState.Unresolved;

    /// <summary>False once a seek or a new assignment has replaced it: what still comes for it is dropped.</summary>
    public bool IsCurrent { get; set; } = true;

    /// <summary>True while its reader wants nothing of it.</summary>
    public bool IsPaused { get; set; }

    /// <summary>Where to begin, while the position is not resolved.</summary>
    public StartAt Start { get; set; } = start;

    /// <summary>The topic that the offsets belong to; zero where the cluster does not tell ids.</summary>
    public Uuid TopicId { get; set; }

    /// <summary>The next offset to fetch.</summary>
    public Offset Fetch { get; set; } = Offset.None;

    /// <summary>The epochs of what was fetched; by the last the leader can tell whether it still has the last record.</summary>
    public ReadEpochs Epochs { get; } = new();

    /// <summary>The next offset that the reader gets.</summary>
    public Offset Read { get; set; } = Offset.None;

    /// <summary>The offset up to which the partition is done, as somebody has said; none before.</summary>
    public Offset Stored { get; set; } = Offset.None;

    /// <summary>The end of what may be read, as the last fetch told it.</summary>
    public Offset End { get; set; } = Offset.None;

    /// <summary>Why nothing more can be read before a seek, or null.</summary>
    public KafkaException? Failure { get; set; }

    /// <summary>
    /// Since when the cluster has said that the partition does not exist, on the client's clock; <see cref="long.MaxValue"/> while it does.
    /// </summary>
    public long GoneSinceMs { get; set; } = long.MaxValue;

    /// <summary>What was fetched ahead, in order.</summary>
    public Queue<FetchedRecords> Buffered { get; } = new();

    /// <summary>The bytes of it.</summary>
    public long BufferedBytes { get; set; }

    /// <summary>The session of the leader that knows the position as it is; null where none does.</summary>
    public LeaderSession? Session { get; set; }

    /// <summary>The leadership that the leader was told.</summary>
    public LeaderEpoch SentLeaderEpoch { get; set; } = LeaderEpoch.None;

    /// <summary>True while it stands in its leader's line for the next fetch.</summary>
    public bool IsEnlisted { get; set; }

    /// <summary>True while it stands in the line of partitions with records for the reader.</summary>
    public bool IsInLine { get; set; }

    /// <summary>True once the fetch under way has told something about it.</summary>
    public bool HasResponse { get; set; }
}
