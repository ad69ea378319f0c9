namespace RaftLog.Broker.Coordination;

/// <summary>The times of coordinators.</summary>
/// <param name="CommitTimeout">How long a response waits for its commit (<c>offsets.commit.timeout.ms</c>) before it is COORDINATOR_NOT_AVAILABLE.</param>
internal sealed record CoordinatorOptions(TimeSpan CommitTimeout);
