using RaftLog.Protocol;

namespace RaftLog.Checking;

/// <summary>A partition belongs to one member of a group at a time (A33).</summary>
internal sealed class OwnershipCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        foreach (
            IGrouping<(string Group, TopicPartition Partition), Ownership> partition in evidence
                .History.Ownerships.Where(each => each.ToUs > each.FromUs)
                .GroupBy(each => (each.Group, each.Partition))
        )
        {
            Ownership? longest = null;
            foreach (Ownership next in partition.OrderBy(each => each.FromUs))
            {
                if (longest is not null && next.FromUs < longest.ToUs && next.Member != longest.Member)
                {
                    found.Add(
                        AnomalyKind.DoubleOwnership,
                        $"{next.Group}: {next.Partition} was given to {next.Member} {next.FromUs} us into the run, and {longest.Member} "
                            + $"held it from {longest.FromUs} to {longest.ToUs} us"
                    );
                }

                longest = longest is null || next.ToUs > longest.ToUs ? next : longest;
            }
        }
    }
}
