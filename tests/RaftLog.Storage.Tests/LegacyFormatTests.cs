using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using static RaftLog.TestKit.Batches;

namespace RaftLog.Storage.Tests;

/// <summary>
/// Logs that hold entries of formats 0 and 1, written by Apache Kafka's own classes: two batches of five records from offset 100 on.
/// </summary>
public class LegacyFormatTests
{
    private const int Limit = 1 << 20;

    private static readonly List<JsonElement> Golden = Storage.Tests.Golden.Lines("legacy.jsonl.gz");
    private static readonly string First = LogFileNames.OfOffset(new Offset(100), LogFileNames.Log);

    [Fact]
    public void A_log_of_an_old_format_is_recovered_trusted_and_served_as_it_stands()
    {
        foreach (JsonElement line in Golden)
        {
            byte[] bytes = Bytes(line);
            Node node = With(bytes);
            PartitionLog log = node.Open();
            Assert.Equal((new Offset(100), new Offset(110), 0L), (log.StartOffset, log.EndOffset, log.Recovery.TruncatedBytes));
            Assert.Equal(bytes, Read(log, 100));
            Assert.Equal(Expected(line, 107), RecordsOf(Read(log, 107)).Where(record => record.Offset >= 107));

            // Format 2 follows it, in the same segment, and both are found again after a clean stop.
            Assert.True(log.AppendAsLeader(Of("new"), new LeaderEpoch(3), AppendSettings.Default, Now).IsAccepted);
            node = node.Restart();
            log = node.Open();
            Assert.True(log.Recovery.WasClean);
            Assert.Equal([.. Expected(line, 100), (110, "new")], RecordsOf(Read(log, 100)));
        }
    }

    /// <summary>An entry of format 0 has no time: without key and value nothing is shorter.</summary>
    [Fact]
    public void The_shortest_entry_of_all_is_recovered_at_the_end_of_a_log()
    {
        byte[] entry = new byte[26];
        BinaryPrimitives.WriteInt64BigEndian(entry, 100);
        BinaryPrimitives.WriteInt32BigEndian(entry.AsSpan(8), entry.Length - 12);
        entry.AsSpan(18).Fill(0xFF);

        // Of what follows, as zlib computes it.
        BinaryPrimitives.WriteUInt32BigEndian(entry.AsSpan(12), 0xA7EC6803);
        PartitionLog log = With(entry).Open();
        Assert.Equal((new Offset(101), 0L), (log.EndOffset, log.Recovery.TruncatedBytes));
        Assert.Equal(entry, Read(log, 100));
    }

    [Fact]
    public void A_record_of_an_old_format_is_found_by_its_time()
    {
        foreach (JsonElement line in Golden)
        {
            PartitionLog log = With(Bytes(line)).Open();
            long[] times = [.. line.GetProperty("records").EnumerateArray().Select(record => Long(record, "timestamp"))];
            foreach (long time in (long[])[Now, Now + 4, Now + 11, Now + 777, Now + 1000])
            {
                int first = Array.FindIndex(times, each => each >= time);
                Assert.Equal(first < 0 ? null : (Offset?)new Offset(100 + first), log.FindByTimestamp(time)?.Offset);
            }
        }
    }

    [Fact]
    public void A_follower_takes_entries_of_an_old_format_and_rejects_a_damaged_one()
    {
        foreach (JsonElement line in Golden)
        {
            PartitionLog log = new Node().Run().Create();
            byte[] bytes = Bytes(line);
            byte[] damaged = [.. bytes];
            damaged[^1] ^= 1;
            Assert.Equal(ErrorCode.CorruptMessage, log.AppendAsFollower(damaged, new LeaderEpoch(0), Now).Error);
            Assert.True(log.AppendAsFollower(bytes, new LeaderEpoch(0), Now).IsAccepted);
            Assert.Equal(new Offset(110), log.EndOffset);
            Assert.Equal(bytes, Read(log, 100));
        }
    }

    /// <summary>Only the last offset of a compressed entry stands outside its records; the log must not end in the middle of it.</summary>
    [Fact]
    public void A_truncation_inside_a_compressed_entry_takes_the_whole_entry()
    {
        foreach (JsonElement line in Golden)
        {
            PartitionLog log = With(Bytes(line)).Open();
            bool isWrapped = line.GetProperty("batches").GetArrayLength() == 2;
            log.TruncateTo(new Offset(107));
            Assert.Equal(new Offset(isWrapped ? 105 : 107), log.EndOffset);
            Assert.Equal(Expected(line, 100).Where(record => record.Offset < log.EndOffset.Value), RecordsOf(Read(log, 100)));
        }
    }

    [Fact]
    public void Compaction_writes_what_stays_in_the_current_format()
    {
        foreach (JsonElement line in Golden)
        {
            Node node = With(Bytes(line));
            PartitionLog log = node.Open();
            log.Roll(Now);
            node.Flush();
            log.SetHighWatermark(log.EndOffset);
            LogCleaner cleaner = new(node.Time, new byte[16]);
            Assert.NotNull(
                node.Pump.Finish(() =>
                    new ValueTask<CleaningResult?>(
                        cleaner.CleanAsync(
                            log,
                            CleaningSettings.Default with
                            {
                                MinDirtyRatio = 0,
                            },
                            CleanerOptions.Default,
                            change => change(),
                            Now,
                            CancellationToken.None
                        )
                    )
                )
            );

            // k0, the last k9 (a tombstone), k1, k2 and k3; records without a key go.
            byte[] cleaned = Read(log, 100);
            Assert.False(LegacyConversion.IsNeeded(cleaned));
            Assert.Equal([100, 105, 106, 108, 109], RecordsOf(cleaned).Select(record => record.Offset));
            Assert.Equal(new Offset(110), log.EndOffset);
        }
    }

    /// <summary>With the byte of the format flipped a batch of format 2 looks like one of format 1 that ends where it begins.</summary>
    [Fact]
    public void A_flipped_format_is_not_taken_for_a_hole_that_compaction_made()
    {
        Node node = new Node().Run();
        PartitionLog log = node.Create();
        log.AppendAsLeader(Of("a", "b", "c"), new LeaderEpoch(0), AppendSettings.Default, Now);
        log.AppendAsLeader(Of("d"), new LeaderEpoch(0), AppendSettings.Default, Now);
        node.Disk.Corrupt(
            $"{log.Path}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}",
            bytes =>
            {
                bytes[16] = 1;
                return bytes;
            }
        );
        Assert.Equal(ErrorCode.CorruptMessage, log.Read(new Offset(1), Limit, log.EndOffset, atLeastOneBatch: true).Error);
    }

    private static Node With(byte[] segment)
    {
        Node node = new Node().Run();
        string path = node.Create().Path;
        node.Close();
        node.Disk.DeleteFile($"{path}/{LogFileNames.OfOffset(Offset.Zero, LogFileNames.Log)}");
        using (Platform.IDiskFile file = node.Disk.OpenOrCreate($"{path}/{First}"))
        {
            file.Write(0, segment);
        }

        node.Disk.DeleteFile($"{Node.Root}/{CleanShutdownFile.Name}");
        return new Node(node.Disk).Run();
    }

    private static byte[] Read(PartitionLog log, long from)
    {
        ReadResult read = log.Read(new Offset(from), Limit, log.EndOffset, atLeastOneBatch: true);
        Assert.Equal(ErrorCode.None, read.Error);
        using LogSlice slice = read.Slice;
        byte[] bytes = new byte[slice.Length];
        Assert.Equal(slice.Length, slice.Read(bytes));
        return bytes;
    }

    private static List<(long Offset, string? Value)> RecordsOf(byte[] batches)
    {
        using PooledByteWriter converted = new(Limit);
        LegacyConversion.Convert(batches, Limit, converted);
        List<(long, string?)> records = [];
        foreach (RecordBatch batch in new RecordBatches(converted.Written))
        {
            using RecordSection section = RecordSection.Open(batch, Limit);
            foreach (Protocol.Records.Record record in section)
            {
                records.Add((record.Offset.Value, record.Value.IsNull ? null : Encoding.UTF8.GetString(record.Value.Span)));
            }
        }

        return records;
    }

    private static List<(long Offset, string? Value)> Expected(JsonElement line, long from) =>
        [
            .. line.GetProperty("records")
                .EnumerateArray()
                .Select(record => (Long(record, "offset"), record.GetProperty("value").GetString()))
                .Where(record => record.Item1 >= from),
        ];

    private static byte[] Bytes(JsonElement line) => Convert.FromHexString(line.GetProperty("hex").GetString()!);

    private static long Long(JsonElement element, string name) => element.GetProperty(name).GetInt64();
}
