using RaftLog.Protocol;

namespace RaftLog.Metadata.Tests;

public class LeaderElectionTests
{
    [Fact]
    public void The_table_of_elections()
    {
        // kind, replicas, in sync, leader until now, alive -> winner, unclean
        (ElectionKind Kind, int[] Replicas, int[] Isr, int Current, int[] Alive, int Winner, bool Unclean)[] table =
        [
            (ElectionKind.Online, [1, 2, 3], [1, 2, 3], 2, [1, 2, 3], 2, false),
            (ElectionKind.Online, [1, 2, 3], [1, 2, 3], 2, [1, 3], 1, false),
            (ElectionKind.Online, [3, 2, 1], [1, 2], 3, [1, 2, 3], 2, false),
            (ElectionKind.Online, [1, 2, 3], [3], 1, [1, 2, 3], 3, false),
            (ElectionKind.Online, [1, 2, 3], [3], 3, [1, 2], -1, false),
            (ElectionKind.Online, [1, 2, 3], [], 1, [1, 2, 3], -1, false),
            (ElectionKind.Online, [1, 2, 3], [1, 2], -1, [2], 2, false),
            (ElectionKind.Online, [2, 3], [1, 2], 1, [1, 2, 3], 2, false),
            (ElectionKind.Preferred, [1, 2, 3], [1, 2, 3], 2, [1, 2, 3], 1, false),
            (ElectionKind.Preferred, [1, 2, 3], [2, 3], 2, [1, 2, 3], 2, false),
            (ElectionKind.Preferred, [1, 2, 3], [1, 2, 3], 2, [2, 3], 2, false),
            (ElectionKind.Preferred, [1, 2, 3], [1, 2, 3], 1, [2, 3], 2, false),
            (ElectionKind.Unclean, [1, 2, 3], [1, 2], 2, [1, 2, 3], 2, false),
            (ElectionKind.Unclean, [1, 2, 3], [3], 3, [1, 2], 1, true),
            (ElectionKind.Unclean, [1, 2, 3], [3], -1, [2], 2, true),
            (ElectionKind.Unclean, [1, 2, 3], [2], -1, [1, 2, 3], 2, false),
            (ElectionKind.Unclean, [1, 2, 3], [1], 1, [], -1, false),
            (ElectionKind.Preferred, [], [], -1, [], -1, false),
        ];
        foreach (var row in table)
        {
            ElectionOutcome outcome = LeaderElection.Elect(
                row.Kind,
                Nodes.Of(row.Replicas),
                Nodes.Of(row.Isr),
                new NodeId(row.Current),
                node => row.Alive.Contains(node.Value)
            );
            Assert.True(
                outcome == new ElectionOutcome(new NodeId(row.Winner), row.Unclean),
                $"{row.Kind} of [{string.Join(",", row.Replicas)}], in sync [{string.Join(",", row.Isr)}], leader {row.Current}, "
                    + $"alive [{string.Join(",", row.Alive)}]: {outcome}"
            );
        }
    }
}
