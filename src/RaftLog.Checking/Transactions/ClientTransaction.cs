namespace RaftLog.Checking;

/// <summary>
/// A transaction as its producer knows it. Its records stand in the history as sends that name it; their outcome is the transaction's.
/// </summary>
/// <param name="Number">A number that no other transaction of the run has.</param>
/// <param name="TransactionalId">The name of its producer.</param>
/// <param name="Session">Which incarnation of the producer began it (<see cref="ProducerSession.Number"/>).</param>
/// <param name="Outcome">Acknowledged when it was told that the transaction is committed, rejected when it cannot be, else unknown.</param>
public sealed record ClientTransaction(long Number, string TransactionalId, int Session, SendOutcome Outcome)
{
    /// <summary>When its producer first asked to commit it, in microseconds of the run; null when it never did.</summary>
    public long? CommitInvokedUs { get; init; }

    /// <summary>When the last response about its end came; null without one.</summary>
    public long? CompletedUs { get; init; }
}
