using RaftLog.Coordination;
using RaftLog.Protocol;

namespace RaftLog.Broker.Coordination;

/// <summary>What coordinators of one kind need to know.</summary>
/// <param name="CommitTimeout">How long a response waits for its commit (<c>offsets.commit.timeout.ms</c>) before it is
/// COORDINATOR_NOT_AVAILABLE.</param>
/// <param name="OnEffect">
/// Does what the state of a partition, in a leadership, wants done outside of it, once all that was appended before is committed. Called in
/// the shard's loop, so it may not wait; it tells the outcome with a later input.
/// </param>
internal sealed record CoordinatorOptions(TimeSpan CommitTimeout, Action<int, LeaderEpoch, ICoordinatorEffect>? OnEffect = null);
