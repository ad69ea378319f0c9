namespace RaftLog.Replication;

/// <summary>The few times that replication of a partition depends on, in milliseconds.</summary>
/// <param name="MaxLagMs">How long a follower may be behind the leader's log end and still be in sync
/// (<c>replica.lag.time.max.ms</c>).</param>
/// <param name="ProposalBackoffMs">The pause before a proposal that failed or was rejected is made again.</param>
/// <param name="LostProposalMs">
/// How long a proposal whose response was lost may still reach the controller. Within this time a rejection of its repetition does not
/// prove that the first copy will be rejected too.
/// </param>
public sealed record ReplicationTuning(long MaxLagMs = 30_000, long ProposalBackoffMs = 100, long LostProposalMs = 60_000)
{
    /// <summary>
    /// How often a leader looks whether a follower whose position stands in a session may join: as often as an idle follower fetches.
    /// </summary>
    public long StandingCheckMs => 500;

    /// <summary>How often a leader looks for followers that have fallen behind: half the allowed lag.</summary>
    public long LagCheckMs => Math.Max(1, MaxLagMs / 2);
}
