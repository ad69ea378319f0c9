using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>
/// The in-sync set as its leader knows it. A closed set of states (KIP-497):
/// <code>
/// Committed --propose one more--> PendingExpansion --answer or metadata--> Committed
/// Committed --propose fewer-----> PendingShrink ----answer or metadata--> Committed
/// </code>
/// While a proposal is under way the leader cannot know whether the controller has committed it. So the high watermark counts the larger of
/// the two sets, <see cref="Maximal"/>: whichever the controller elects from, each of its members has every record below the high
/// watermark.
/// </summary>
public abstract partial record InSyncState
{
    private protected InSyncState(NodeSet committed, PartitionEpoch epoch)
    {
        Committed = committed;
        Epoch = epoch;
    }

    /// <summary>The last set that is known to be committed.</summary>
    public NodeSet Committed { get; }

    /// <summary>The partition epoch of <see cref="Committed"/>.</summary>
    public PartitionEpoch Epoch { get; }

    /// <summary>Every node that the controller may believe to be in sync.</summary>
    public abstract NodeSet Maximal { get; }

    /// <summary>The proposal that is under way; null when there is none.</summary>
    public abstract IsrProposal? InFlight { get; }

    /// <summary>No proposal is under way.</summary>
    public sealed record Settled(NodeSet InSync, PartitionEpoch At) : InSyncState(InSync, At)
    {
        /// <inheritdoc />
        public override NodeSet Maximal => Committed;

        /// <inheritdoc />
        public override IsrProposal? InFlight => null;
    }

    /// <summary>One more node is proposed: it counts at once, because the controller may already elect it.</summary>
    public sealed record PendingExpansion(NodeSet InSync, PartitionEpoch At, IsrProposal Proposal) : InSyncState(InSync, At)
    {
        /// <inheritdoc />
        public override NodeSet Maximal => Proposal.InSync;

        /// <inheritdoc />
        public override IsrProposal? InFlight => Proposal;
    }

    /// <summary>Fewer nodes are proposed: those that should leave count on, because the controller may still elect them.</summary>
    public sealed partial record PendingShrink(NodeSet InSync, PartitionEpoch At, IsrProposal Proposal) : InSyncState(InSync, At)
    {
        /// <inheritdoc />
        public override NodeSet Maximal
        {
            get
            {
                NodeSet maximal = Committed;
                SeededBugCountsProposedAlone(ref maximal);
                return maximal;
            }
        }

        partial void SeededBugCountsProposedAlone(ref NodeSet maximal);

        /// <inheritdoc />
        public override IsrProposal? InFlight => Proposal;
    }
}
