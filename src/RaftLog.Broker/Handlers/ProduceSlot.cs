using RaftLog.Broker.Partitions;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Handlers;

/// <summary>One partition of a Produce request: what is to be appended where, and what became of it.</summary>
internal sealed class ProduceSlot
{
    /// <summary>The topic's name, as the request has it.</summary>
    public string Topic { get; private set; } = "";

    /// <summary>The topic's id, as the request has it.</summary>
    public Uuid TopicId { get; private set; }

    /// <summary>The partition's index.</summary>
    public int Index { get; private set; }

    /// <summary>The partition; null where there is none to append to.</summary>
    public Partition? Partition { get; private set; }

    /// <summary>The batch; it lies in the request's bytes.</summary>
    public Memory<byte> Records { get; private set; }

    /// <summary>Who wrote the batch; none where it is no idempotent producer.</summary>
    public ProducerStamp Producer { get; private set; } = ProducerStamp.None;

    /// <summary>True for a batch of a transaction.</summary>
    public bool IsTransactional { get; private set; }

    /// <summary>The codec of the batch.</summary>
    public CompressionType Compression { get; private set; }

    /// <summary>What is verified for the batch before it is appended; null where nothing is to be.</summary>
    public PartitionVerification? Verification { get; set; }

    /// <summary>What became of the append; null before it.</summary>
    public AppendOutcome? Outcome { get; private set; }

    /// <summary>True while the batch may still be appended.</summary>
    public bool IsOpen => Outcome is null;

    /// <summary>The error, once the outcome is known.</summary>
    public ErrorCode Error => Outcome?.Error ?? ErrorCode.None;

    /// <summary>Takes a partition of a request; what was here before is forgotten.</summary>
    public void Begin(string topic, Uuid topicId, int index, Partition? partition, Memory<byte> records)
    {
        bool isBatch = RecordBatch.Read(records.Span, out RecordBatch batch) == BatchStatus.Complete;
        Topic = topic;
        TopicId = topicId;
        Index = index;
        Partition = partition;
        Records = records;
        Producer = isBatch ? batch.Producer : ProducerStamp.None;
        IsTransactional = isBatch && batch.Attributes.IsTransactional && batch.ProducerId.IsPresent;
        Compression = isBatch ? batch.Attributes.Compression : CompressionType.None;
        Verification = null;
        Outcome = null;
    }

    /// <summary>Nothing is appended.</summary>
    public void Reject(ErrorCode error, string? message = null) =>
        Outcome = new AppendOutcome(AppendResult.Rejected(error, message!), LeaderEpoch.None);

    /// <summary>
    /// Appends the batch; its slot of the wait is decided when it is safe. An earlier one of its producer that was rejected and has not
    /// come again is named with its error.
    /// </summary>
    public void Append(int slot, RequiredAcks acks, CommitWait wait, WakeList wakes, ErrorCode behind) =>
        Outcome = Partition!.Append(
            new BatchToAppend(Records)
            {
                Slot = slot,
                Verification = Verification,
                Behind = behind,
            },
            acks,
            wait,
            wakes
        );
}
