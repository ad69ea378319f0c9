namespace RaftLog.Checking;

/// <summary>Who is of an earlier generation commits nothing once a later one is complete (A33).</summary>
internal sealed class CommitFenceCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        foreach (IGrouping<string, OffsetOperation> group in evidence.History.Offsets.GroupBy(each => each.Group))
        {
            List<(long AtUs, int Generation)> known =
            [
                .. group
                    .Where(each => each is { Action: OffsetAction.Join, CompletedUs: not null })
                    .Select(each => (each.CompletedUs!.Value, each.Generation))
                    .Order(),
            ];
            for (int i = 1; i < known.Count; i++)
            {
                known[i] = (known[i].AtUs, Math.Max(known[i].Generation, known[i - 1].Generation));
            }

            foreach (OffsetOperation commit in group)
            {
                int before = commit is { Action: OffsetAction.Commit, Outcome: SendOutcome.Acknowledged, Generation: >= 0 }
                    ? known.FindLastIndex(each => each.AtUs < commit.InvokedUs)
                    : -1;
                if (before >= 0 && known[before].Generation > commit.Generation)
                {
                    found.Add(
                        AnomalyKind.StaleCommit,
                        $"{commit.Group}: a member of generation {commit.Generation} committed {commit.Offset} in {commit.Partition} "
                            + $"{commit.InvokedUs} us into the run, and "
                            + $"generation {known[before].Generation} was complete before"
                    );
                }
            }
        }
    }
}
