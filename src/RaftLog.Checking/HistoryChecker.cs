namespace RaftLog.Checking;

/// <summary>Says which promises a history breaks.</summary>
public static class HistoryChecker
{
    /// <summary>Every anomaly that the history shows, at most <see cref="AnomalyList.MaxOfOneKind"/> of a kind; empty when it is in order.</summary>
    public static IReadOnlyList<Anomaly> Check(History history)
    {
        AnomalyList found = new();
        FinalLog log = new(history.Final, found);
        new SendCheck(history.Sends, log).Run(found);
        new ReadCheck(history, log).Run(found);
        new ReplicaCheck(history.Replicas).Run(found);
        return found.All;
    }
}
