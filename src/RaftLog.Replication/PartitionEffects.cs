using RaftLog.Protocol;

namespace RaftLog.Replication;

/// <summary>What the host has to do after an input; nothing, most of the time.</summary>
/// <param name="HighWatermark">The high watermark has moved to this offset: release who waits below it. Null when it has not moved.</param>
/// <param name="Proposal">Send this proposal to the controller, and report its end exactly once. Null when there is none.</param>
/// <param name="RoleChanged">The role was replaced: who waits on the old one must look again.</param>
public readonly record struct PartitionEffects(Offset? HighWatermark, IsrProposal? Proposal, bool RoleChanged)
{
    /// <summary>Nothing to do.</summary>
    public static readonly PartitionEffects None;

    /// <summary>True when there is nothing to do.</summary>
    public bool IsNone => HighWatermark is null && Proposal is null && !RoleChanged;
}
