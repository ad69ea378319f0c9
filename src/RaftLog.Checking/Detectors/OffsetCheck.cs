using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>
/// The successful commits and the reads of each committed offset can be put in an order that explains them (A32): no commit is lost or goes
/// back.
/// </summary>
internal sealed class OffsetCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        OffsetModel model = new();
        foreach (
            IGrouping<(string Group, TopicPartition Partition), OffsetOperation> register in evidence
                .History.Offsets.Where(each => each.Action != OffsetAction.Join)
                .GroupBy(each => (each.Group, each.Partition))
        )
        {
            HashSet<Offset> read = [.. register.Where(each => each.Action == OffsetAction.Read).Select(each => each.Offset)];
            List<TimedCall<OffsetOperation>> calls =
            [
                .. register
                    .Where(each => each.Outcome == SendOutcome.Acknowledged)
                    .Select(each => new TimedCall<OffsetOperation>(each, each.InvokedUs, each.CompletedUs)),
                // A commit without an outcome that nobody has read need not have happened.
                .. register
                    .Where(each => each is { Action: OffsetAction.Commit, Outcome: SendOutcome.Unknown } && read.Contains(each.Offset))
                    .Select(each => new TimedCall<OffsetOperation>(each, each.InvokedUs, null)),
            ];
            Linearization order = LinearizabilityChecker.Check(model, calls);
            if (order.Verdict == LinearizationVerdict.Undecided)
            {
                found.AddUndecided(
                    $"whether the {calls.Count} commits and reads of {register.Key} are linearizable: given up after {order.Steps} steps"
                );
            }
            else if (order.Verdict == LinearizationVerdict.Illegal)
            {
                OffsetOperation? stuck = calls
                    .Select((each, i) => (each, i))
                    .Where(each => each.each.CompletedUs is not null && !order.Longest.Contains(each.i))
                    .OrderBy(each => each.each.CompletedUs)
                    .Select(each => each.each.Call)
                    .FirstOrDefault();
                found.Add(
                    AnomalyKind.OffsetNotLinearizable,
                    $"no order explains the {calls.Count} commits and reads of {register.Key}: after {order.Longest.Count} of them "
                        + $"{stuck} fits nowhere"
                );
            }
        }
    }
}
