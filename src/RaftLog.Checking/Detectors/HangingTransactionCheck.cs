namespace RaftLog.Checking;

/// <summary>When every transaction has ended or timed out, all that is committed is stable (A30).</summary>
internal sealed class HangingTransactionCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        foreach (StableEnd end in evidence.History.StableEnds)
        {
            if (end.LastStable < end.HighWatermark)
            {
                found.Add(
                    AnomalyKind.HangingTransaction,
                    $"{end.Partition} is committed up to {end.HighWatermark}, and stable up to {end.LastStable}: a transaction in it "
                        + $"never ends"
                );
            }
        }
    }
}
