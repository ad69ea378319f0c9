using RaftLog.Platform;
using RaftLog.Protocol;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>What a copy that is on its way to another directory must have, and when.</summary>
public class LogMoveTests
{
    private static readonly LogSettings Settings = new() { SegmentBytes = 400, IndexIntervalBytes = 100 };

    [Fact]
    public void Only_what_is_flushed_in_both_directories_counts_while_a_copy_follows()
    {
        CrashDisk disk = new();
        TwoDirectories node = new(disk, disk, Settings, running: 1);
        node.Create();
        PartitionLog log = node.Log;
        Append(log, 1, "one", "two");
        node.Flush();
        LogMove move = Begin(node);
        Assert.True(move.TryFollow(log, log.DurableEnd, Now));

        // The other directory does not flush yet.
        Assert.Equal(log.EndOffset, move.Future.EndOffset);
        Assert.False(move.HasAllOf(log));
        Append(log, 1, "three");
        Assert.True(move.TryCatchUp(log, Now));
        node.Flush();
        Assert.Equal((new Offset(3), new Offset(2)), (log.DurableEnd, move.DurableEnd(log.DurableEnd)));

        node.Run(node.All[1]);
        node.Flush();
        Assert.Equal(new Offset(3), move.DurableEnd(log.DurableEnd));
        Assert.True(move.HasAllOf(log));
    }

    /// <summary>Until the name of the copy is durable a power cut brings the log back whose place it has taken.</summary>
    [Fact]
    public void What_only_the_copy_has_flushed_does_not_count_before_its_name_is_durable()
    {
        CrashDisk disk = new();
        TwoDirectories node = new(disk, disk, Settings, running: 0);
        node.Create();
        node.Run(node.All[1]);
        PartitionLog log = node.Log;
        Append(log, 1, "one");
        LogMove move = Begin(node);
        Assert.True(move.TryFollow(log, log.DurableEnd, Now));
        node.Flush();
        Assert.Equal((Offset.Zero, new Offset(1)), (log.DurableEnd, move.Future.DurableEnd));
        Assert.True(move.HasAllOf(log));

        Assert.True(move.Target.TryReplace(move.Future, log, node.All[0]));
        Assert.Equal(Offset.Zero, move.Future.DurableEnd);
        node.Flush();
        Assert.Equal(new Offset(1), move.Future.DurableEnd);
    }

    /// <summary>What the log had flushed and the copy has not is more than was told to anybody, and still no reason to lose it.</summary>
    [Fact]
    public void A_log_whose_place_a_copy_has_taken_stays_until_all_of_the_copy_is_on_the_disk()
    {
        CrashDisk disk = new();
        TwoDirectories node = new(disk, disk, Settings, running: 0);
        node.Create();
        PartitionLog log = node.Log;
        LogMove move = Begin(node);
        Append(log, 1, "one");
        Assert.True(move.TryFollow(log, log.DurableEnd, Now));
        node.Run(node.All[0]);
        node.Flush();
        Assert.Equal((new Offset(1), Offset.Zero), (log.DurableEnd, move.Future.DurableEnd));

        disk.HeldFlush = new TaskCompletionSource();
        Assert.True(move.HasAllOf(log) && move.Target.TryReplace(move.Future, log, node.All[0]));
        node.Pump.Start(() => move.Target.RemoveReplacedAsync(log, node.All[0]));
        node.Run(node.All[1]);
        node.Flush();

        // Whatever else the directory does makes its names durable.
        node.Pump.Finish(() => disk.FlushDirectoryAsync(node.All[0].Path));
        disk.HeldFlush = null;
        disk.LosePower(static _ => 0);
        Assert.Equal(["one"], Values(new TwoDirectories(disk, disk, Settings).Log));
    }

    [Fact]
    public void A_copy_that_an_earlier_life_has_left_loses_what_the_log_does_not_have()
    {
        CrashDisk disk = new();
        TwoDirectories node = new(disk, disk, Settings);
        node.Create();
        PartitionLog log = node.Log;
        Append(log, 1, "a", "b", "c", "lost", "lost");
        LogMove move = Begin(node);
        Assert.True(move.TryCatchUp(log, Now));

        // The log goes another way than the copy knows.
        log.TruncateTo(new Offset(3));
        Append(log, 3, "d", "e", "f");
        Reconcile(node, move);
        Assert.Equal(["a", "b", "c"], Values(move.Future));
        Assert.True(move.TryCatchUp(log, Now));
        Assert.Equal(Records(log), Records(move.Future));

        // And again, where the copy has an epoch that the log has lost.
        log.TruncateTo(new Offset(3));
        move.Shorten(log);
        Append(log, 2, "D");
        Reconcile(node, move);
        Assert.Equal(["a", "b", "c"], Values(move.Future));

        // And where nothing of it is left.
        log.TruncateFullyAndStartAt(new Offset(9));
        move.Shorten(log);
        Append(log, 4, "x");
        Reconcile(node, move);
        Assert.Equal((new Offset(9), new Offset(9)), (move.Future.StartOffset, move.Future.EndOffset));
        Assert.True(move.TryCatchUp(log, Now));
        Assert.Equal(Records(log), Records(move.Future));
    }

    [Fact]
    public void A_copy_is_truncated_one_epoch_at_a_time_and_each_time_there_are_descriptors_for_it()
    {
        CrashDisk disk = new();
        TwoDirectories node = new(disk, disk, Settings);
        node.Create();
        PartitionLog log = node.Log;
        Append(log, 1, "a");
        Append(log, 2, "lost");
        Append(log, 4, "lost");
        LogMove move = Begin(node);
        Assert.True(move.TryCatchUp(log, Now));
        log.TruncateTo(new Offset(1));
        Append(log, 3, "b", "c");
        move.Reconcile(log);
        Assert.Equal((true, new Offset(2)), (move.MustReconcile, move.Future.EndOffset));
        move.Reconcile(log);
        Assert.Equal((false, new Offset(1)), (move.MustReconcile, move.Future.EndOffset));
    }

    [Fact]
    public void A_copy_whose_log_is_truncated_waits_for_descriptors_before_it_is_truncated_too()
    {
        CrashDisk disk = new();
        FailingDisk declining = new(disk) { DescriptorLimit = 48 };
        TwoDirectories node = new(disk, new DescriptorCache(declining), Settings);
        node.Create();
        PartitionLog log = node.Log;
        Append(log, 1, [.. Enumerable.Range(0, 40).Select(static i => new string((char)('a' + (i % 26)), 300))]);
        node.Flush();
        LogMove move = Begin(node);
        Reconcile(node, move);
        Assert.True(move.TryFollow(log, log.DurableEnd, Now));
        node.Flush();
        log.TruncateTo(new Offset(5));
        node.Flush();
        declining.HasNoDescriptors = true;
        move.Shorten(log);
        Assert.False(node.Other.Health.IsOffline || move.IsFollowing);
        Assert.Throws<DiskException>(() => Reconcile(node, move));
        Assert.False(node.Other.Health.IsOffline);

        declining.HasNoDescriptors = false;
        Append(log, 2, "next");
        Reconcile(node, move);
        Assert.Equal(new Offset(5), move.Future.EndOffset);
        Assert.True(move.TryFollow(log, log.DurableEnd, Now));
        Assert.Equal(Records(log), Records(move.Future));
    }

    [Fact]
    public void A_copy_that_finds_no_descriptors_while_it_follows_holds_nothing_up_and_is_made_on_later()
    {
        CrashDisk disk = new();
        FailingDisk declining = new(disk) { DescriptorLimit = 48 };
        TwoDirectories node = new(disk, new DescriptorCache(declining), Settings);
        node.Create();
        PartitionLog log = node.Log;

        // More segments than the cache keeps open.
        Append(log, 1, [.. Enumerable.Range(0, 40).Select(static i => new string((char)('a' + (i % 26)), 300))]);
        node.Flush();
        LogMove move = Begin(node);
        declining.HasNoDescriptors = true;
        Assert.True(move.TryFollow(log, log.DurableEnd, Now));
        Assert.False(move.IsFollowing);
        Assert.Equal(DiskErrorKind.NoDescriptors, move.Declined?.Kind);
        Assert.Equal(log.DurableEnd, move.DurableEnd(log.DurableEnd));
        Assert.False(node.Other.Health.IsOffline || node.Holder.Health.IsOffline);

        declining.HasNoDescriptors = false;
        Assert.True(move.TryFollow(log, log.DurableEnd, Now));
        Assert.True(move.IsFollowing);
        Assert.Null(move.Declined);
        Assert.Equal(Records(log), Records(move.Future));
    }

    [Fact]
    public void A_copy_whose_directory_fails_while_it_follows_ends_the_move_and_the_log_counts_alone()
    {
        CrashDisk disk = new();
        TwoDirectories node = new(disk, disk, Settings);
        node.Create();
        PartitionLog log = node.Log;
        Append(log, 1, "one");
        LogMove move = Begin(node);
        Assert.True(move.TryFollow(log, log.DurableEnd, Now));
        node.Flush();
        node.Other.Health.Fail(new DiskException("/b", DiskErrorKind.Io, "write", "broken"));
        Append(log, 1, "two");
        Assert.False(move.TryCatchUp(log, Now));
        Assert.False(move.IsFollowing);
        node.Flush();
        Assert.Equal(new Offset(2), move.DurableEnd(log.DurableEnd));
    }

    private static LogMove Begin(TwoDirectories node)
    {
        CreatedLog created = node.Pump.Finish(() => node.Other.Futures.CreateAsync(new NewLog(Node.Orders, Node.OrdersId, Settings)));
        return new LogMove(created.Log!, node.Other);
    }

    private static void Reconcile(TwoDirectories node, LogMove move)
    {
        do
        {
            node.Pump.Finish(move.PrepareTruncationAsync);
            move.Reconcile(node.Log);
        } while (move.MustReconcile);
    }

    private static void Append(PartitionLog log, int epoch, params string[] values)
    {
        foreach (string value in values)
        {
            AppendResult result = log.AppendAsLeader(Of(value), new LeaderEpoch(epoch), AppendSettings.Default, Now);
            Assert.True(result.IsAccepted, result.Message);
        }
    }
}
