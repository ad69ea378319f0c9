namespace RaftLog.Checking;

/// <summary>No transaction is committed by a producer that had been fenced before it asked to (A28).</summary>
internal sealed class ZombieCommitCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        ILookup<string, ProducerSession> sessions = evidence.History.Sessions.ToLookup(each => each.TransactionalId);
        Dictionary<int, ProducerSession> byNumber = evidence.History.Sessions.ToDictionary(each => each.Number);
        foreach (ClientTransaction transaction in evidence.History.Transactions)
        {
            if (
                transaction is not { Outcome: SendOutcome.Acknowledged, CommitInvokedUs: { } askedUs }
                || !byNumber.TryGetValue(transaction.Session, out ProducerSession? own)
            )
            {
                continue;
            }

            // Of two that asked at the same time either may be the later one.
            ProducerSession? later = sessions[transaction.TransactionalId]
                .FirstOrDefault(each => each.InvokedUs > own.CompletedUs && each.CompletedUs < askedUs);
            if (later is not null)
            {
                found.Add(
                    AnomalyKind.ZombieCommit,
                    $"session {own.Number} of {transaction.TransactionalId} asked to commit transaction {transaction.Number} {askedUs} "
                        + $"us into the run and was told that it is "
                        + $"committed, and session {later.Number} had its id since {later.CompletedUs} us"
                );
            }
        }
    }
}
