using RaftLog.Protocol;

namespace RaftLog.Coordination;

/// <summary>
/// The state of one partition of an internal topic. What is kept durably changes only in <see cref="Replay"/> and
/// <see cref="ReplayMarker"/>, so that a leader, its successor and a restart cannot differ; sessions, waiting requests and deadlines live
/// beside it and begin anew with <see cref="Activate"/>. Commands are members of the implementing class: they take a
/// <see cref="RequestToken"/>, a request, a <see cref="CoordinatorTime"/> and
/// an
/// <see cref="Outbox"/>, and respond at once or later.
/// </summary>
public interface ICoordinatorState
{
    /// <summary>When <see cref="Tick"/> has something to do, in monotonic milliseconds; <see cref="long.MaxValue"/> for never.</summary>
    long NextDeadlineMs { get; }

    /// <summary>
    /// Applies one record: while the partition is loaded, and right after this node's own append. Unknown record types are passed over.
    /// </summary>
    void Replay(in CoordinatorRecord record, in RecordOrigin origin);

    /// <summary>Applies the marker that ends a producer's transaction on this partition.</summary>
    void ReplayMarker(ProducerId producer, ProducerEpoch epoch, bool isCommit, Offset offset);

    /// <summary>All of the log has been replayed and this node leads the partition: sessions begin now.</summary>
    void Activate(CoordinatorTime now, Outbox outbox);

    /// <summary>Does what time asks for.</summary>
    void Tick(CoordinatorTime now, Outbox outbox);
}
