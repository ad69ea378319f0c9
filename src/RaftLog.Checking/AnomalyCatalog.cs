namespace RaftLog.Checking;

/// <summary>The names of the anomalies in <c>docs/verification.md</c>.</summary>
public static class AnomalyCatalog
{
    /// <summary>Letter and number of an anomaly.</summary>
    public static string CodeOf(AnomalyKind kind) =>
        kind switch
        {
            AnomalyKind.InconsistentOffset => "A1",
            AnomalyKind.Duplicate => "A2",
            AnomalyKind.LostRecord => "A3",
            AnomalyKind.UnseenRecord => "A4",
            AnomalyKind.RejectedRecord => "A5",
            AnomalyKind.SkipInPoll => "A7",
            AnomalyKind.NonmonotonicPoll => "A8",
            AnomalyKind.SkippedRecord => "A9",
            AnomalyKind.NonmonotonicRead => "A10",
            AnomalyKind.ReorderedSend => "A11",
            AnomalyKind.DirtyRead => "A21",
            AnomalyKind.StaleOffset => "A22",
            AnomalyKind.EndRegression or AnomalyKind.HighWatermarkRegression => "A23",
            AnomalyKind.EpochReused => "A24",
            AnomalyKind.ReplicaDivergence => "A25",
            AnomalyKind.SequenceGap => "A26",
            AnomalyKind.GapAccepted => "A27",
            AnomalyKind.NotLinearizable or AnomalyKind.MetadataRegression => "A35",
            AnomalyKind.LostLastValue => "A37",
            AnomalyKind.AlienRecord or AnomalyKind.CorruptRecord => "A38",
            AnomalyKind.Unavailable => "A39",
            AnomalyKind.UnexpectedExit => "A40",
            AnomalyKind.LateAcknowledgement => "A42",
            AnomalyKind.PrecommittedRead => "A6",
            AnomalyKind.TornTransaction => "A19",
            AnomalyKind.ZombieCommit => "A28",
            AnomalyKind.HangingTransaction => "A30",
            AnomalyKind.OffsetNotLinearizable => "A32",
            AnomalyKind.StaleCommit or AnomalyKind.DoubleOwnership => "A33",
            AnomalyKind.NotExactlyOnce => "A34",
            AnomalyKind.MoneyNotConserved => "A36",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "an anomaly without a name"),
        };
}
