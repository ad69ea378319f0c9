using FsCheck;
using FsCheck.Fluent;
using RaftLog.Protocol;

namespace RaftLog.Storage.Tests;

public class LeaderEpochsTests
{
    [Fact]
    public void The_end_of_an_epoch_is_the_start_of_the_next_and_the_log_end_for_the_newest()
    {
        LeaderEpochs epochs = Of((2, 0), (4, 10), (7, 25));
        Assert.Equal(new StoredEpochEnd(new(2), new(10)), epochs.EndOf(new(2), new(40)));
        Assert.Equal(new StoredEpochEnd(new(2), new(10)), epochs.EndOf(new(3), new(40)));
        Assert.Equal(new StoredEpochEnd(new(4), new(25)), epochs.EndOf(new(6), new(40)));
        Assert.Equal(new StoredEpochEnd(new(7), new(40)), epochs.EndOf(new(7), new(40)));
        Assert.Equal(new StoredEpochEnd(new(7), new(40)), epochs.EndOf(new(99), new(40)));
        Assert.Equal(StoredEpochEnd.Unknown, epochs.EndOf(new(1), new(40)));
        Assert.Equal(StoredEpochEnd.Unknown, epochs.EndOf(LeaderEpoch.None, new(40)));
    }

    [Fact]
    public void An_epoch_that_left_no_record_is_replaced_by_the_next_at_the_same_offset()
    {
        LeaderEpochs epochs = Of((1, 0), (2, 5));
        epochs.Assign(new(3), new(5));
        Assert.Equal([new EpochEntry(new(1), new(0)), new EpochEntry(new(3), new(5))], epochs.Entries);
        epochs.Assign(new(2), new(9));
        Assert.Equal(2, epochs.Entries.Count);
    }

    [Fact]
    public void Truncation_from_the_start_keeps_the_epoch_that_covers_it()
    {
        LeaderEpochs epochs = Of((1, 0), (2, 5), (3, 9));
        epochs.TruncateFromStart(new(7));
        Assert.Equal([new EpochEntry(new(2), new(7)), new EpochEntry(new(3), new(9))], epochs.Entries);
    }

    [Fact]
    public void The_checkpoint_is_Kafkas_text()
    {
        Assert.Equal("0\n2\n1 0\n3 129\n"u8, EpochCheckpoint.Format(Of((1, 0), (3, 129)).Entries));
        Assert.Equal(Of((1, 0), (3, 129)).Entries, EpochCheckpoint.Parse("0\n2\n1 0\n3 129\n"u8)!);
        Assert.Null(EpochCheckpoint.Parse("0\n2\n1 0\n"u8));
        Assert.Null(EpochCheckpoint.Parse("1\n0\n"u8));
        Assert.Null(EpochCheckpoint.Parse([]));
        Assert.False(new LeaderEpochs().TryRestore([new EpochEntry(new(3), new(0)), new EpochEntry(new(2), new(5))]));
    }

    /// <summary>
    /// Two logs with a common prefix: following the divergence rule, the follower always ends at the common prefix, and never below it
    /// (KIP-101, KIP-279).
    /// </summary>
    [Property(500)]
    public Property Truncating_by_epochs_ends_at_the_last_common_record() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<(byte[] Common, byte[] Leader, byte[] Follower)>(),
            logs =>
            {
                // An epoch has one leader, so the tails share no epoch; only the follower may have more of the last common one.
                int[] common = Grow(0, 1, logs.Common);
                int last = common.LastOrDefault();
                int[] leader = [.. common, .. Grow(last + 1, 2, logs.Leader)];
                int[] follower = [.. common, .. Grow(last, 2, logs.Follower)];
                LeaderEpochs leaderEpochs = EpochsOf(leader);
                LeaderEpochs followerEpochs = EpochsOf(follower);
                int end = follower.Length;
                for (int round = 0; round <= follower.Length + 1 && end > 0; round++)
                {
                    LeaderEpoch mine = followerEpochs.At(new Offset(end - 1));
                    StoredEpochEnd theirs = leaderEpochs.EndOf(mine, new Offset(leader.Length));
                    if (theirs.Epoch == mine && theirs.EndOffset.Value >= end)
                    {
                        break;
                    }

                    Offset cut =
                        theirs.Epoch == LeaderEpoch.None
                            ? Offset.Zero
                            : Offset.Min(theirs.EndOffset, followerEpochs.EndOf(theirs.Epoch, new Offset(end)).EndOffset);
                    end = (int)Math.Max(0, Math.Min(cut.Value, end));
                    followerEpochs.TruncateFromEnd(new Offset(end));
                }

                int prefix = 0;
                while (prefix < leader.Length && prefix < follower.Length && leader[prefix] == follower[prefix])
                {
                    prefix++;
                }

                Assert.Equal(prefix, end);
            }
        );

    [Property(300)]
    public Property Any_history_of_assignments_and_truncations_is_what_a_list_of_records_says() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<(byte Kind, byte Choice)[]>(),
            steps =>
            {
                var epochs = new LeaderEpochs();
                List<int> records = [];
                int epoch = 0;
                int start = 0;
                foreach ((byte kind, byte choice) in steps)
                {
                    switch (kind % 4)
                    {
                        case 0 or 1:
                            epoch += choice % 3;
                            epochs.Assign(new LeaderEpoch(epoch), new Offset(records.Count));
                            records.Add(epoch);
                            break;
                        case 2:
                            int cut = start + (choice % (records.Count - start + 1));
                            records.RemoveRange(cut, records.Count - cut);
                            epochs.TruncateFromEnd(new Offset(cut));
                            epoch++;
                            break;
                        default:
                            start += choice % (records.Count - start + 1) / 2;
                            epochs.TruncateFromStart(new Offset(start));
                            break;
                    }

                    for (int offset = start; offset < records.Count; offset++)
                    {
                        Assert.Equal(records[offset], epochs.At(new Offset(offset)).Value);
                        int end = records.FindIndex(offset, other => other > records[offset]);
                        Assert.Equal(
                            new StoredEpochEnd(new(records[offset]), new(end < 0 ? records.Count : end)),
                            epochs.EndOf(new LeaderEpoch(records[offset]), new Offset(records.Count))
                        );
                    }
                }
            }
        );

    private static int[] Grow(int from, int step, byte[] choices)
    {
        int epoch = from;
        return [.. choices.Select(choice => epoch += (choice % 2) * step)];
    }

    private static LeaderEpochs EpochsOf(int[] records)
    {
        var epochs = new LeaderEpochs();
        for (int offset = 0; offset < records.Length; offset++)
        {
            epochs.Assign(new LeaderEpoch(records[offset]), new Offset(offset));
        }

        return epochs;
    }

    private static LeaderEpochs Of(params (int Epoch, long Start)[] entries)
    {
        var epochs = new LeaderEpochs();
        Assert.True(epochs.TryRestore([.. entries.Select(entry => new EpochEntry(new(entry.Epoch), new(entry.Start)))]));
        return epochs;
    }
}
