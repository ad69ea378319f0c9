using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>One line of a history: the begin of an operation, or its end.</summary>
/// <param name="TimeUs">When, in microseconds of the run.</param>
/// <param name="Process">Who: a producer, a consumer, an administrator. A client that begins anew is another process.</param>
/// <param name="Operation">Which operation: begin and end have the same number.</param>
/// <param name="Type">Begin, or how it ended.</param>
/// <param name="Function">What it does.</param>
public sealed record HistoryEvent(long TimeUs, int Process, long Operation, EventType Type, HistoryFunction Function)
{
    /// <summary>The partition that it is about.</summary>
    public TopicPartition? Partition { get; init; }

    /// <summary>What is sent.</summary>
    public RecordValue? Value { get; init; }

    /// <summary>Where it stands, or the end that was told.</summary>
    public Offset? Offset { get; init; }

    /// <summary>The high watermark that the response to a poll told, in the leadership <see cref="Epoch"/>.</summary>
    public Offset? HighWatermark { get; init; }

    /// <summary>The leader's epoch that was told.</summary>
    public LeaderEpoch? Epoch { get; init; }

    /// <summary>The node that was asked, or that was told as leader.</summary>
    public NodeId? Node { get; init; }

    /// <summary>What is asked of a topic.</summary>
    public MetadataAction? Action { get; init; }

    /// <summary>The topic that is asked about.</summary>
    public string? Topic { get; init; }

    /// <summary>What a topic is to be, or was seen to be.</summary>
    public TopicState? State { get; init; }

    /// <summary>The records of a poll.</summary>
    public IReadOnlyList<PolledRecord> Records { get; init; } = [];

    /// <summary>Sent with acks=1, or with a gap in the sequence numbers on purpose.</summary>
    public SendFlavour Flavour { get; init; }

    /// <summary>A group or a transactional id.</summary>
    public string? Name { get; init; }

    /// <summary>The transaction of a record, or the one that ended.</summary>
    public long? Transaction { get; init; }

    /// <summary>An incarnation of a transactional producer.</summary>
    public int? Session { get; init; }

    /// <summary>What a record adds to an account.</summary>
    public long? Amount { get; init; }

    /// <summary>The record that this one was made from.</summary>
    public (TopicPartition Partition, Offset Offset)? Source { get; init; }

    /// <summary>What is done with the offset of a group.</summary>
    public OffsetAction? Does { get; init; }

    /// <summary>The generation that a member names, or is told.</summary>
    public int? Generation { get; init; }

    /// <summary>The member that held a partition.</summary>
    public string? Member { get; init; }

    /// <summary>When something of which there is one line only began.</summary>
    public long? FromUs { get; init; }

    /// <summary>When it ended; null where that is not known.</summary>
    public long? ToUs { get; init; }

    /// <summary>The end of a time, and how long nothing may be acknowledged in it.</summary>
    public (long ToUs, long MaxGapUs)? Promise { get; init; }

    /// <summary>Errors, faults and remarks, for people.</summary>
    public string? Note { get; init; }
}
