namespace RaftLog.Raft;

/// <summary>
/// Who this replica is, who votes, and how patient everyone is. All times are milliseconds; the defaults are Kafka's but where said.
/// </summary>
/// <param name="Local">This replica; it is a voter when its id is among <paramref name="Voters"/>, else an observer.</param>
/// <param name="Voters">The voters.</param>
public sealed record RaftConfig(ReplicaKey Local, VoterSet Voters)
{
    /// <summary>
    /// <c>controller.quorum.election.timeout.ms</c>: a round of votes takes this long at most, times a random factor from 1 to 2.
    /// </summary>
    public int ElectionTimeoutMs { get; init; } = 1000;

    /// <summary>
    /// <c>controller.quorum.fetch.timeout.ms</c>: a voter that has not fetched from its leader for so long asks for an election.
    /// </summary>
    public int FetchTimeoutMs { get; init; } = 2000;

    /// <summary>
    /// <c>controller.quorum.election.backoff.max.ms</c>: how long a voter that is no preferred successor waits when a leader resigns.
    /// </summary>
    public int ElectionBackoffMaxMs { get; init; } = 1000;

    /// <summary>
    /// A response that has not come after so long is lost. Half the fetch timeout by default: one lost message is no reason for an
    /// election.
    /// </summary>
    public int RequestTimeoutMs { get; init; } = 1000;

    /// <summary><c>controller.quorum.retry.backoff.ms</c>: the pause after a failed request.</summary>
    public int RetryBackoffMs { get; init; } = 20;

    /// <summary>
    /// The shortest pause before a voter that knows of no living leader asks for pre-votes. Kafka has none: it waits for its election
    /// timeout.
    /// </summary>
    public int QuickElectionMinMs { get; init; } = 5;

    /// <summary>The longest such pause at the first attempt; it doubles with each failed one, up to the election timeout.</summary>
    public int QuickElectionMaxMs { get; init; } = 50;

    /// <summary>The most observers that a leader keeps account of. One more is served but not listed.</summary>
    public int MaxObservers { get; init; } = 1000;

    /// <summary>An observer that has not fetched for so long is no longer listed.</summary>
    public int ObserverExpiryMs { get; init; } = 300_000;

    /// <summary>
    /// The most messages that may wait for the election state to be on disk. At the bound, requests are lost and callers are told so.
    /// </summary>
    public int MaxHeldMessages { get; init; } = 1024;

    /// <summary>True when this replica votes.</summary>
    public bool IsVoter => Voters.Contains(Local.Id);

    /// <summary>True when this replica is the whole quorum.</summary>
    public bool IsSoleVoter => Voters.Count == 1 && IsVoter;

    /// <summary>The leader gives up when no majority has fetched for so long: one and a half fetch timeouts.</summary>
    public int CheckQuorumMs => FetchTimeoutMs + (FetchTimeoutMs / 2);
}
