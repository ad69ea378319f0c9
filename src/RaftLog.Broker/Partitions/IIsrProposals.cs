using RaftLog.Replication;

namespace RaftLog.Broker.Partitions;

/// <summary>Takes proposals of in-sync sets to the controller (AlterPartition).</summary>
public interface IIsrProposals
{
    /// <summary>
    /// Sends a proposal, and later calls <see cref="Partition.OnProposalResponse"/> once for it: with the response, or with
    /// <see cref="Protocol.ErrorCode.RequestTimedOut"/> or <see cref="Protocol.ErrorCode.NetworkException"/> when none came. One that the
    /// partition's next proposal overtakes before it has left is dropped without a word: nobody waits for it. Called under the partition's
    /// lock, so it only takes note, and answers from elsewhere.
    /// </summary>
    void Send(Partition partition, IsrProposal proposal);
}
