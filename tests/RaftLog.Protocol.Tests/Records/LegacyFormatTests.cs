using System.Text;
using System.Text.Json;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;
using Record = RaftLog.Protocol.Records.Record;

namespace RaftLog.Protocol.Tests.Records;

/// <summary>
/// Entries of formats 0 and 1 written by Apache Kafka's own classes, what those read in them, and what its compaction made of them.
/// </summary>
public class LegacyFormatTests
{
    private const int Limit = 1 << 20;
    private const long DeleteHorizonMs = 1_700_000_001_000;

    private static readonly List<JsonElement> Golden = GoldenFiles.Lines("legacy.jsonl.gz");

    [Fact]
    public void Every_entry_reads_as_Kafka_reads_it()
    {
        Assert.Equal(12, Golden.Count);
        foreach (JsonElement line in Golden)
        {
            ReadOnlySpan<byte> rest = Convert.FromHexString(line.GetProperty("hex").GetString()!);
            foreach (JsonElement expected in line.GetProperty("batches").EnumerateArray())
            {
                Assert.Equal(BatchStatus.Complete, LegacyMessage.Read(rest, out LegacyMessage message));
                Assert.True(message.HasValidChecksum);
                Assert.Equal(
                    (
                        Long(expected, "magic"),
                        Long(expected, "base"),
                        Long(expected, "last"),
                        Long(expected, "maxTimestamp"),
                        Long(expected, "size")
                    ),
                    (
                        message.Format,
                        LegacyConversion.FirstOffset(message, Limit).Value,
                        message.Offset.Value,
                        message.Timestamp,
                        message.Size
                    )
                );
                Assert.Equal(line.GetProperty("codec").GetString(), message.Attributes.Compression.ToString().ToLowerInvariant());
                Assert.Equal(line.GetProperty("timestampType").GetString(), message.Attributes.TimestampType.ToString());
                rest = rest[message.Size..];
            }

            Assert.True(rest.IsEmpty);
        }
    }

    [Fact]
    public void Converted_batches_hold_the_records_that_Kafka_reads()
    {
        foreach (JsonElement line in Golden)
        {
            using PooledByteWriter converted = Converted(line);
            Assert.Equal(Expected(line.GetProperty("records")), RecordsOf(converted.Written));
        }
    }

    [Fact]
    public void Compaction_makes_of_plain_entries_the_bytes_that_Kafkas_makes()
    {
        foreach (JsonElement line in Golden)
        {
            using PooledByteWriter converted = Converted(line);
            using PooledByteWriter kept = new(Limit);
            Compact(converted.Written, kept);
            if (line.GetProperty("codec").GetString() == "none")
            {
                Assert.Equal(line.GetProperty("filteredHex").GetString(), Convert.ToHexStringLower(kept.Written));
            }

            Assert.Equal(Expected(line.GetProperty("filtered")), RecordsOf(kept.Written));
        }
    }

    [Fact]
    public void Every_flipped_byte_under_the_checksum_is_found_and_never_costs_more_than_the_limit()
    {
        foreach (JsonElement line in Golden)
        {
            byte[] bytes = Convert.FromHexString(line.GetProperty("hex").GetString()!);
            Assert.Equal(BatchStatus.Complete, LegacyMessage.Read(bytes, out LegacyMessage first));
            int size = first.Size;
            for (int at = 12; at < size; at++)
            {
                byte[] flipped = bytes[..size];
                flipped[at] ^= 0x40;
                bool isIntact = LegacyMessage.Read(flipped, out LegacyMessage message) == BatchStatus.Complete && message.HasValidChecksum;
                Assert.False(isIntact, $"byte {at} of {line.GetProperty("codec")} in format {line.GetProperty("magic")}");
            }
        }
    }

    [Fact]
    public void Conversion_rejects_a_wrapper_that_grows_over_the_limit()
    {
        JsonElement line = Golden.First(each => each.GetProperty("codec").GetString() == "gzip");
        byte[] bytes = Convert.FromHexString(line.GetProperty("hex").GetString()!);
        using PooledByteWriter target = new(Limit);
        Assert.ThrowsAny<ProtocolException>(() => LegacyConversion.Convert(bytes, 50, target));
    }

    private static PooledByteWriter Converted(JsonElement line)
    {
        byte[] bytes = Convert.FromHexString(line.GetProperty("hex").GetString()!);
        Assert.True(LegacyConversion.IsNeeded(bytes));
        PooledByteWriter target = new(Limit);
        LegacyConversion.Convert(bytes, Limit, target);
        Assert.False(LegacyConversion.IsNeeded(target.Written));
        return target;
    }

    private static bool IsKept(Offset offset) => offset.Value is 101 or 103 or >= 105;

    private static void Compact(ReadOnlySpan<byte> batches, PooledByteWriter target)
    {
        using BatchRewriter rewriter = new(Limit);
        foreach (RecordBatch batch in new RecordBatches(batches))
        {
            using RecordSection section = RecordSection.Open(batch, Limit);
            bool hasTombstone = false;
            foreach (Record record in section)
            {
                hasTombstone |= IsKept(record.Offset) && record.Value.IsNull;
            }

            rewriter.Reset(target);
            foreach (Record record in section)
            {
                if (IsKept(record.Offset))
                {
                    rewriter.Keep(batch, section.Bytes, record.Layout, hasTombstone ? DeleteHorizonMs : null);
                }
            }

            if (rewriter.Count > 0)
            {
                rewriter.Write(batch, hasTombstone);
            }
        }
    }

    private static List<string> RecordsOf(ReadOnlySpan<byte> batches)
    {
        List<string> records = [];
        RecordBatches rest = new(batches);
        while (rest.MoveNext())
        {
            Assert.True(rest.Current.HasValidChecksum);
            using RecordSection section = RecordSection.Open(rest.Current, Limit);
            foreach (Record record in section)
            {
                records.Add($"{record.Offset.Value} {record.Timestamp} {Text(record.Key)} {Text(record.Value)}");
            }
        }

        Assert.Equal(BatchStatus.End, rest.Status);
        return records;
    }

    private static List<string> Expected(JsonElement records) =>
        [
            .. records
                .EnumerateArray()
                .Select(each =>
                    $"{Long(each, "offset")} {Long(each, "timestamp")} {each.GetProperty("key").GetString() ?? "null"} "
                    + $"{each.GetProperty("value").GetString() ?? "null"}"
                ),
        ];

    private static string Text(NullableBytes bytes) => bytes.IsNull ? "null" : Encoding.UTF8.GetString(bytes.Span);

    private static long Long(JsonElement element, string name) => element.GetProperty(name).GetInt64();
}
