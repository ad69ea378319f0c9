using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>Records that are looked for by their time.</summary>
public sealed class TimestampLookupTests
{
    private const string Log = $"{Node.Root}/orders-0";

    private static readonly Offset Truncated = new(17);
    private static readonly LogSettings OfManyEntries = new() { SegmentBytes = 600, IndexIntervalBytes = 1 };

    /// <summary>Most are later than those before them, by two; every fifth comes too late by nine.</summary>
    private static readonly long[] Times = [.. Enumerable.Range(0, 24).Select(static i => Now + (2 * i) - (i % 5 == 4 ? 9 : 0))];

    [Fact]
    public void A_corrupt_batch_ends_a_look_up_and_is_not_passed_over()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(new LogSettings());
        int[] ends = [.. Enumerable.Range(0, 3).Select(i => Appended(log, i))];
        Assert.Equal(new Offset(1), log.FindByTimestamp(Now + 1)!.Value.Offset);

        node.Disk.Corrupt($"{log.Path}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}", bytes => Flipped(bytes, ends[1] - 1));

        CorruptBatchException corrupt = Assert.Throws<CorruptBatchException>(() => log.FindByTimestamp(Now + 1));
        Assert.Contains($"at byte {ends[0]} of {log.Path}", corrupt.Message, StringComparison.Ordinal);
        Assert.Equal(Offset.Zero, log.FindByTimestamp(Now)!.Value.Offset);
        Assert.Equal(new Offset(2), log.FindByTimestamp(Now + 2)!.Value.Offset);
    }

    [Fact]
    public void Bytes_that_are_no_batch_end_a_look_up()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(new LogSettings());
        int[] ends = [.. Enumerable.Range(0, 3).Select(i => Appended(log, i))];

        // The length of the second batch.
        node.Disk.Corrupt($"{log.Path}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}", bytes => Flipped(bytes, ends[0] + 8));

        Assert.Throws<CorruptBatchException>(() => log.FindByTimestamp(Now + 2));
    }

    /// <summary>What was deleted up to an offset is not looked at, whatever its bytes say.</summary>
    [Fact]
    public void Damage_before_the_start_of_a_log_ends_no_look_up()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(new LogSettings { IndexIntervalBytes = 1 });
        int[] ends = [.. Enumerable.Range(0, 4).Select(i => Appended(log, i))];
        log.SetHighWatermark(log.EndOffset);
        log.AdvanceStart(new Offset(2));

        node.Disk.Corrupt($"{log.Path}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}", bytes => Flipped(bytes, ends[0] + 8));

        Assert.Equal(new Offset(2), log.FindByTimestamp(Now)!.Value.Offset);
        Assert.Equal(new Offset(3), log.FindByTimestamp(Now + 3)!.Value.Offset);
    }

    /// <summary>
    /// After a clean stop only the end of an index is looked at. An entry that leads too far would hide what lies before, and the last one
    /// tells the largest time of its segment.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(0x14)]
    [InlineData(0x80)]
    public void A_look_up_finds_what_it_did_whatever_an_index_says(byte bits)
    {
        CrashDisk sound = Stopped();
        IReadOnlyList<TimestampedOffset?> found = LookUps(sound, truncateTo: null);
        IReadOnlyList<TimestampedOffset?> foundBefore = LookUps(Stopped(), truncateTo: Truncated);
        Assert.Equal(Times.Max(), found[^1]!.Value.Timestamp);
        string[] indexes = [.. sound.ListFiles(Log).Where(static name => name.EndsWith(LogFileNames.TimeIndex, StringComparison.Ordinal))];
        Assert.True(indexes.Length > 2);
        foreach (string name in indexes)
        {
            int length = sound.BytesOf($"{Log}/{name}").Length;
            for (int at = 0; at < length; at++)
            {
                Assert.Equal(found, LookUps(Damaged(name, at), truncateTo: null));
                Assert.Equal(foundBefore, LookUps(Damaged(name, at), truncateTo: Truncated));
            }
        }

        CrashDisk Damaged(string name, int at)
        {
            CrashDisk disk = Stopped();
            disk.Corrupt(
                $"{Log}/{name}",
                bytes =>
                {
                    bytes[at] ^= bits;
                    return bytes;
                }
            );
            return disk;
        }
    }

    /// <summary>A log of several segments with an entry for each batch that is later than all before it, after a clean stop.</summary>
    private static CrashDisk Stopped()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create(OfManyEntries);
        foreach (long time in Times)
        {
            log.AppendAsLeader(
                With(ProducerStamp.None, CompressionType.None, false, time, "value"),
                new LeaderEpoch(0),
                AppendSettings.Default,
                Now
            );
        }

        node.Close();
        return node.Disk;
    }

    private static IReadOnlyList<TimestampedOffset?> LookUps(CrashDisk disk, Offset? truncateTo)
    {
        Node node = new Node(disk).Run();
        PartitionLog log = node.Open(OfManyEntries);
        if (truncateTo is { } end)
        {
            node.Pump.Finish(() => node.Directory.PrepareTruncationAsync(log, end));
            log.TruncateTo(end);
        }

        List<TimestampedOffset?> found = [];
        for (long time = Times.Min() - 1; time <= Times.Max() + 1; time++)
        {
            found.Add(log.FindByTimestamp(time));
        }

        found.Add(log.FindMaxTimestamp());
        return found;
    }

    private static int Appended(PartitionLog log, int number)
    {
        log.AppendAsLeader(
            With(ProducerStamp.None, CompressionType.None, false, Now + number, $"value {number}"),
            new LeaderEpoch(0),
            AppendSettings.Default,
            Now
        );
        return checked((int)log.SizeBytes);
    }

    private static byte[] Flipped(byte[] bytes, int at)
    {
        byte[] flipped = [.. bytes];
        flipped[at] ^= 0x10;
        return flipped;
    }
}
