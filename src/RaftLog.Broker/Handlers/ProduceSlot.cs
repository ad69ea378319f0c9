using RaftLog.Broker.Partitions;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Replication;
using RaftLog.Storage;

namespace RaftLog.Broker.Handlers;

/// <summary>One partition of a Produce request: what is to be appended where, and what became of it.</summary>
internal sealed class ProduceSlot(string topic, Uuid topicId, int index)
{
    /// <summary>The topic's name, as the request has it.</summary>
    public string Topic => topic;

    /// <summary>The topic's id, as the request has it.</summary>
    public Uuid TopicId => topicId;

    /// <summary>The partition's index.</summary>
    public int Index => index;

    /// <summary>The partition; null where there is none to append to.</summary>
    public Partition? Partition { get; init; }

    /// <summary>The batch; it lies in the request's bytes.</summary>
    public Memory<byte> Records { get; init; }

    /// <summary>Who wrote the batch; none where it is no idempotent producer.</summary>
    public ProducerStamp Producer { get; init; } = ProducerStamp.None;

    /// <summary>True for a batch of a transaction.</summary>
    public bool IsTransactional { get; init; }

    /// <summary>What is verified for the batch before it is appended; null where nothing is to be.</summary>
    public PartitionVerification? Verification { get; set; }

    /// <summary>What became of the append; null before it.</summary>
    public AppendOutcome? Outcome { get; private set; }

    /// <summary>True while the batch may still be appended.</summary>
    public bool IsOpen => Outcome is null;

    /// <summary>The error, once the outcome is known.</summary>
    public ErrorCode Error => Outcome?.Error ?? ErrorCode.None;

    /// <summary>Nothing is appended.</summary>
    public ProduceSlot Reject(ErrorCode error, string? message = null)
    {
        Outcome = new AppendOutcome(AppendResult.Refused(error, message!), LeaderEpoch.None);
        return this;
    }

    /// <summary>Appends the batch. An earlier one of its producer that was rejected and has not come again is named with its error.</summary>
    public void Append(RequiredAcks acks, WakeList wakes, ErrorCode behind) =>
        Outcome = Partition!.Append(Records, acks, wakes, Verification, behind);
}
