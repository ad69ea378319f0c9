using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Partitions;

/// <summary>What became of an append to a partition.</summary>
/// <param name="Result">The log's answer, with the offsets.</param>
/// <param name="Epoch">The leadership that appended it.</param>
public readonly record struct AppendOutcome(AppendResult Result, LeaderEpoch Epoch)
{
    /// <summary>None when the records are in the log.</summary>
    public ErrorCode Error => Result.Error;

    /// <summary>The offset after the last record: what must be committed. That of the first copy, for a repeated one.</summary>
    public Offset End => Result.LastOffset + 1;

    /// <summary>An append that this node did not make, with a message that names the partition.</summary>
    internal static AppendOutcome Rejected(ErrorCode error, TopicPartition partition, LeaderEpoch epoch) =>
        new(
            AppendResult.Rejected(
                error,
                error == ErrorCode.NotEnoughReplicas
                    ? $"{partition} has fewer in-sync replicas than min.insync.replicas asks for"
                    : $"this node does not lead {partition}"
            ),
            epoch
        );
}
