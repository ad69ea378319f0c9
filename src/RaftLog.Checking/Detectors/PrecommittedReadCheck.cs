namespace RaftLog.Checking;

/// <summary>Nobody who reads what is committed sees a record before its producer has asked to commit it (A6).</summary>
internal sealed class PrecommittedReadCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        Dictionary<long, ClientTransaction> transactions = evidence.History.Transactions.ToDictionary(each => each.Number);
        foreach (SeenRecord seen in evidence.History.Seen)
        {
            if (
                seen.AtUs is { } atUs
                && evidence.Writers.TryGetValue(seen.Value, out SentRecord? sent)
                && sent.Transaction is { } number
                && transactions.TryGetValue(number, out ClientTransaction? transaction)
                && !(transaction.CommitInvokedUs < atUs)
            )
            {
                found.Add(
                    AnomalyKind.PrecommittedRead,
                    $"consumer {seen.Consumer} saw {seen.Value} at {seen.Partition} offset {seen.Offset} {atUs} us into the run, and "
                        + $"transaction {number} of "
                        + $"{transaction.TransactionalId} was "
                        + $"{(transaction.CommitInvokedUs is { } asked ? $"asked to commit at {asked} us" : "never asked to commit")}",
                    seen.Value
                );
            }
        }
    }
}
