namespace RaftLog.Checking;

/// <summary>Says which promises a history breaks.</summary>
public static class HistoryChecker
{
    /// <summary>All detectors, each for a few kinds of anomalies.</summary>
    internal static IReadOnlyList<IDetector> Detectors { get; } =
    [
        new DuplicateCheck(),
        new SendCheck(),
        new SendOrderCheck(),
        new OriginCheck(),
        new ReadCheck(),
        new ReadOrderCheck(),
        new RealTimeCheck(),
        new EndCheck(),
        new HighWatermarkCheck(),
        new EpochCheck(),
        new LateAcknowledgementCheck(),
        new ReplicaCheck(),
        new SequenceCheck(),
        new CompactionCheck(),
        new MetadataCheck(),
        new MetadataViewCheck(),
        new AvailabilityCheck(),
        new ReportedCheck(),
        new PrecommittedReadCheck(),
        new TornTransactionCheck(),
        new ZombieCommitCheck(),
        new HangingTransactionCheck(),
        new MoneyCheck(),
        new ExactlyOnceCheck(),
        new OffsetCheck(),
        new CommitFenceCheck(),
        new OwnershipCheck(),
    ];

    /// <summary>
    /// Every anomaly that the history shows, at most <see cref="AnomalyList.MaxOfOneKind"/> of a kind; empty when it is in order.
    /// </summary>
    public static IReadOnlyList<Anomaly> Check(History history) => Find(history).All;

    /// <summary>The same with the number of each kind, and with what could not be decided.</summary>
    public static AnomalyList Find(History history) => Find(history, Detectors);

    internal static AnomalyList Find(History history, IEnumerable<IDetector> detectors)
    {
        AnomalyList found = new();
        Evidence evidence = new(history);
        foreach (IDetector detector in detectors)
        {
            detector.Run(evidence, found);
        }

        return found;
    }
}
