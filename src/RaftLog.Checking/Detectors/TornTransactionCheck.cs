using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// Of a transaction all records are there or none (A19). Where its producer was told how it ended, a record that is missing is lost (A3)
/// and one that is there was rejected (A5); what is left are those without a clear end.
/// </summary>
internal sealed class TornTransactionCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        if (!evidence.History.IsFinalComplete)
        {
            return;
        }

        foreach (
            IGrouping<long, SentRecord> transaction in evidence
                .History.Sends.Where(each => each.Transaction is not null && each.Outcome == SendOutcome.Unknown)
                .GroupBy(each => each.Transaction!.Value)
        )
        {
            SentRecord? there = transaction.FirstOrDefault(each => evidence.Log.TryGetPlace(each.Value, out _));
            SentRecord? missing = transaction.FirstOrDefault(each => !evidence.Log.TryGetPlace(each.Value, out _));
            if (there is not null && missing is not null)
            {
                found.Add(
                    AnomalyKind.TornTransaction,
                    $"of transaction {transaction.Key} {there.Value} is in {there.Partition}, and {missing.Value} is not in "
                        + $"{missing.Partition}",
                    there.Value,
                    missing.Value
                );
            }
        }
    }
}
