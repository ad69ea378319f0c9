using FsCheck;
using FsCheck.Fluent;
using RaftLog.Protocol;

namespace RaftLog.Raft.Tests;

public sealed class QuorumArithmeticTests
{
    [Property]
    public Property What_a_majority_has_reached_is_the_highest_value_that_a_majority_is_not_below() =>
        Prop.ForAll(
            Ends(),
            ends =>
            {
                long reached = QuorumArithmetic.ReachedByMajority(ends.ToArray());
                long expected = ends.Where(value => ends.Count(end => end >= value) >= QuorumArithmetic.Majority(ends.Length)).Max();
                return reached == expected;
            }
        );

    [Fact]
    public void Any_two_majorities_share_a_voter() =>
        Assert.All(Enumerable.Range(1, VoterSet.MaxVoters), voters => Assert.True(2 * QuorumArithmetic.Majority(voters) > voters));

    [Fact]
    public void An_election_is_lost_exactly_when_the_others_cannot_make_a_majority() =>
        Assert.All(
            from voters in Enumerable.Range(1, VoterSet.MaxVoters)
            from rejections in Enumerable.Range(0, voters + 1)
            select (voters, rejections),
            each =>
                Assert.Equal(each.voters - each.rejections < (each.voters / 2) + 1, QuorumArithmetic.IsLost(each.voters, each.rejections))
        );

    [Property]
    public Property The_high_watermark_needs_a_record_of_the_own_epoch_on_a_majority_and_never_falls() =>
        Prop.ForAll(
            Ends(),
            Gen.Choose(0, 20).ToArbitrary(),
            Gen.Choose(0, 20).ToArbitrary(),
            (ends, epochStart, current) =>
            {
                long result = QuorumArithmetic.HighWatermark(ends.ToArray(), new Offset(epochStart), new Offset(current)).Value;
                int majority = QuorumArithmetic.Majority(ends.Length);
                bool moved = result != current;
                return result >= current
                    && (!moved || (result > epochStart && ends.Count(end => end >= result) >= majority))
                    && (moved || !ends.Any(value => value > current && value > epochStart && ends.Count(end => end >= value) >= majority));
            }
        );

    private static Arbitrary<long[]> Ends() =>
        Gen.Choose(1, 7).SelectMany(voters => Gen.Choose(-1, 20).Select(end => (long)end).ArrayOf(voters)).ToArbitrary();
}
