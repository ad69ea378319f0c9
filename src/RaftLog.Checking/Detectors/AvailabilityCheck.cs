namespace RaftLog.Checking;

/// <summary>While a majority and enough replicas were up, something was acknowledged again and again (A39).</summary>
internal sealed class AvailabilityCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        List<long> completions =
        [
            .. evidence
                .History.Sends.Where(each => each.Outcome == SendOutcome.Acknowledged)
                .Select(each => each.CompletedUs)
                .OfType<long>(),
        ];
        completions.Sort();
        foreach (AvailabilityPromise promise in evidence.History.Promises)
        {
            long since = promise.FromUs;
            int at = completions.BinarySearch(promise.FromUs);
            for (at = at < 0 ? ~at : at; at < completions.Count && completions[at] <= promise.ToUs; at++)
            {
                Require(promise, since, completions[at], found);
                since = completions[at];
            }

            Require(promise, since, promise.ToUs, found);
        }
    }

    private static void Require(AvailabilityPromise promise, long fromUs, long toUs, AnomalyList found)
    {
        if (toUs - fromUs > promise.MaxGapUs)
        {
            found.Add(
                AnomalyKind.Unavailable,
                $"nothing was acknowledged for {(toUs - fromUs) / 1000} ms from {fromUs} us on, though a majority was up"
            );
        }
    }
}
