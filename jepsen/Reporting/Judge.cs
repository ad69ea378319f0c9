using RaftLog.Checking;
using RaftLog.Protocol;

namespace RaftLog.Jepsen.Reporting;

/// <summary>Judges a history: anomalies by the detectors, doubts by what a run must have done to say anything.</summary>
internal static class Judge
{
    private const int LeastAcknowledged = 50;
    private const int LeastBeforeFaults = 5;

    /// <summary>Judges.</summary>
    /// <param name="events">The run.</param>
    /// <param name="replicas">The files of every replica; null where they are not at hand.</param>
    /// <param name="faultsAreExpected">True when the run asked for faults.</param>
    /// <param name="doubts">Doubts that are known already.</param>
    /// <param name="makesChangesOnce">True when the system promises to make a change of a topic at most once.</param>
    public static Verdict Of(
        IReadOnlyList<HistoryEvent> events,
        IReadOnlyList<ReplicaLog>? replicas,
        bool faultsAreExpected,
        IEnumerable<string> doubts,
        bool makesChangesOnce
    )
    {
        History history = HistoryReader.Read(events) with { Replicas = replicas ?? [], MakesChangesOnce = makesChangesOnce };
        AnomalyList found = HistoryChecker.Find(history);
        List<string> all = [.. doubts, .. found.Undecided, .. Missing(events, history, faultsAreExpected)];
        HashSet<RecordValue> there = [.. history.Final.Select(each => each.Value)];
        int controlLosses = history.Sends.Count(each =>
            each is { IsControl: true, Outcome: SendOutcome.Acknowledged } && !there.Contains(each.Value)
        );
        bool isBroken = found.Counts.Keys.Any(each => each != AnomalyKind.UnseenRecord);
        VerdictKind kind =
            isBroken ? VerdictKind.Violated
            : all.Count > 0 || found.All.Count > 0 ? VerdictKind.Unknown
            : VerdictKind.Held;
        return new Verdict(kind, found, all, controlLosses);
    }

    private static IEnumerable<string> Missing(IReadOnlyList<HistoryEvent> events, History history, bool faultsAreExpected)
    {
        int acknowledged = history.Sends.Count(each => each.Outcome == SendOutcome.Acknowledged);
        int changed = history.Metadata.Count(each =>
            each is { Outcome: SendOutcome.Acknowledged, Action: not (MetadataAction.View or MetadataAction.Read) }
        );
        int committed = history.Offsets.Count(each => each is { Action: OffsetAction.Commit, Outcome: SendOutcome.Acknowledged });
        if (acknowledged + changed + committed < LeastAcknowledged)
        {
            yield return $"only {acknowledged} sends, {changed} changes of topics and {committed} commits of offsets succeeded; at "
                + $"least {LeastAcknowledged} are needed";
        }

        if (history.Sends.Count > 0)
        {
            foreach (string doubt in AboutReads(history))
            {
                yield return doubt;
            }
        }

        if (!faultsAreExpected)
        {
            yield break;
        }

        List<HistoryEvent> begun = [.. events.Where(each => each is { Function: HistoryFunction.Fault, Type: EventType.Invoke })];
        if (begun.Count == 0)
        {
            yield return "no fault was injected";
            yield break;
        }

        if (
            history.Sends.Count > 0
            && history.Sends.Count(each => each.Outcome == SendOutcome.Acknowledged && each.CompletedUs < begun[0].TimeUs)
                < LeastBeforeFaults
        )
        {
            yield return "next to nothing was acknowledged before the first fault: the cluster was not well from the start";
        }

        HashSet<string?> effective =
        [
            .. events.Where(each => each is { Function: HistoryFunction.Fault, Type: EventType.Ok }).Select(each => each.Topic),
        ];
        foreach (string? kind in begun.Select(each => each.Topic).Distinct().Where(each => !effective.Contains(each)))
        {
            yield return $"no fault of the kind '{kind}' had an effect";
        }
    }

    private static IEnumerable<string> AboutReads(History history)
    {
        if (history.Final.Count == 0)
        {
            yield return "there was no final read";
        }
        else if (!history.IsFinalComplete)
        {
            yield return "the final read did not reach the end";
        }

        HashSet<TopicPartition> read = [.. history.Seen.Select(each => each.Partition)];
        foreach (TopicPartition written in history.Sends.Select(each => each.Partition).Distinct().Where(each => !read.Contains(each)))
        {
            yield return $"no consumer has read anything of {written}";
        }
    }
}
