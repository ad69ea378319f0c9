using System.Text;
using System.Text.Json;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Storage.Tests;

/// <summary>
/// Directories that Apache Kafka left, stopped in order or killed, opened by us: every reader sees what Kafka's readers saw.
/// </summary>
public class GoldenDirectoryTests
{
    [Fact]
    public void A_directory_that_Kafka_closed_opens_clean_and_shows_what_Kafka_showed() =>
        ShowsWhatKafkaShowed("clean-stop.tar.gz", clean: true);

    [Fact]
    public void A_directory_of_a_killed_Kafka_is_recovered_and_shows_what_Kafka_showed() =>
        ShowsWhatKafkaShowed("killed.tar.gz", clean: false);

    [Fact]
    public void Recovery_of_a_killed_Kafka_rebuilds_the_indexes_that_Kafka_wrote_when_it_was_closed()
    {
        Node killed = Open("killed.tar.gz");
        CrashDisk clean = Golden.Unpack("clean-stop.tar.gz");
        killed.Close();
        foreach (string partition in Golden.Partitions)
        {
            foreach (string name in clean.ListFiles($"{Node.Root}/{partition}"))
            {
                if (
                    name.EndsWith(".index", StringComparison.Ordinal)
                    || name.EndsWith(".timeindex", StringComparison.Ordinal)
                    || name.EndsWith(".txnindex", StringComparison.Ordinal)
                )
                {
                    string path = $"{Node.Root}/{partition}/{name}";
                    Assert.True(clean.BytesOf(path).AsSpan().SequenceEqual(killed.Disk.BytesOf(path)), path);
                }
            }
        }
    }

    [Fact]
    public void Producer_snapshots_of_a_recovered_log_are_those_of_Kafka()
    {
        Node killed = Open("killed.tar.gz");
        CrashDisk clean = Golden.Unpack("clean-stop.tar.gz");

        // A log of a few bytes gets none at a stop: its states are what the file would hold.
        Dictionary<string, byte[]> atEnd = killed.Directory.Logs.ToDictionary(
            static log => $"{log.Path}/{LogFileNames.OfOffset(log.EndOffset, LogFileNames.ProducerSnapshot)}",
            static log => log.Producers.Snapshot()
        );
        killed.Close();
        foreach (string partition in Golden.Partitions)
        {
            foreach (string name in clean.ListFiles($"{Node.Root}/{partition}"))
            {
                if (name.EndsWith(".snapshot", StringComparison.Ordinal))
                {
                    string path = $"{Node.Root}/{partition}/{name}";
                    Assert.Equal(
                        Describe(clean.BytesOf(path)),
                        Describe(killed.Disk.FileExists(path) ? killed.Disk.BytesOf(path) : atEnd[path])
                    );
                }
            }
        }
    }

    [Fact]
    public void A_directory_that_we_close_opens_again_as_it_was()
    {
        Node node = Open("killed.tar.gz").Restart();
        Assert.True(node.Directory.WasClean);
        Assert.Equal(new BrokerEpoch(17), node.Directory.PreviousBrokerEpoch);
        node.Pump.Finish(() => node.Directory.OpenAllAsync(LogSettings.Default));
        Compare(node);
    }

    private static void ShowsWhatKafkaShowed(string archive, bool clean)
    {
        Node node = Open(archive);
        Assert.Equal(clean, node.Directory.WasClean);
        Assert.Equal(clean ? new BrokerEpoch(248) : BrokerEpoch.None, node.Directory.PreviousBrokerEpoch);
        Assert.Equal(new NodeId(1), node.Directory.Meta.NodeId);
        Assert.Equal("3hscxCeMTUeQ3rQzojUimQ", node.Directory.Meta.ClusterId);
        Compare(node);
    }

    private static Node Open(string archive)
    {
        Node node = new Node(Golden.Unpack(archive)).Run();
        node.Pump.Finish(() => node.Directory.OpenAllAsync(LogSettings.Default));
        return node;
    }

    private static void Compare(Node node)
    {
        Dictionary<string, JsonElement> expected = Golden
            .Lines("expected/partitions.jsonl")
            .Where(line => line.TryGetProperty("topic", out _))
            .ToDictionary(line => $"{line.GetProperty("topic").GetString()}-{line.GetProperty("partition").GetInt32()}");
        foreach (string name in Golden.Partitions)
        {
            PartitionLog log = node.Directory.Logs.Single(log => log.Partition.ToString() == name);
            JsonElement line = expected[name];
            Assert.Equal(line.GetProperty("topicId").GetString(), log.TopicId.ToString());
            Assert.Equal(line.GetProperty("logStartOffset").GetInt64(), log.StartOffset.Value);
            Assert.Equal(line.GetProperty("highWatermark").GetInt64(), log.HighWatermark.Value);
            Assert.Equal(line.GetProperty("highWatermark").GetInt64(), log.EndOffset.Value);
            Assert.Equal(line.GetProperty("lastStableOffset").GetInt64(), log.LastStableOffset.Value);
            Assert.Equal(log.EndOffset, log.FlushedTo);
            Assert.Equal(0, log.Recovery.TruncatedBytes);
            TimestampedOffset? latest = log.FindMaxTimestamp();
            Assert.Equal(line.GetProperty("maxTimestamp").GetInt64(), latest?.Timestamp ?? -1);
            Assert.Equal(line.GetProperty("maxTimestampOffset").GetInt64(), latest?.Offset.Value ?? -1);
            foreach (JsonProperty time in line.GetProperty("offsetForTimestamp").EnumerateObject())
            {
                Assert.Equal(time.Value.GetInt64(), log.FindByTimestamp(long.Parse(time.Name))?.Offset.Value ?? -1);
            }

            if (name != "empty-0")
            {
                Assert.Equal(
                    Describe(Golden.Lines($"expected/{name}.read_uncommitted.jsonl.gz")),
                    Read(log, log.HighWatermark, committedOnly: false)
                );
                Assert.Equal(
                    Describe(Golden.Lines($"expected/{name}.read_committed.jsonl.gz")),
                    Read(log, log.LastStableOffset, committedOnly: true)
                );
            }
        }
    }

    private static List<string> Read(PartitionLog log, Offset limit, bool committedOnly)
    {
        List<string> lines = [];
        var aborted = new Queue<AbortedTransaction>(
            log.AbortedTransactions(log.StartOffset, limit).OrderBy(transaction => transaction.FirstOffset)
        );
        HashSet<ProducerId> aborting = [];
        Offset from = log.StartOffset;
        while (from < limit)
        {
            using LogSlice slice = log.Read(from, 10_000, limit, true).Slice;
            byte[] bytes = new byte[slice.Length];
            int length = slice.Read(bytes);
            Assert.True(length > 0, $"{log.Partition} has nothing at {from}");
            foreach (RecordBatch batch in new RecordBatches(bytes.AsSpan(0, length)))
            {
                from = batch.NextOffset;
                while (aborted.TryPeek(out AbortedTransaction next) && next.FirstOffset <= batch.LastOffset)
                {
                    aborting.Add(aborted.Dequeue().ProducerId);
                }

                if (batch.Attributes.IsControl)
                {
                    aborting.Remove(batch.ProducerId);
                    continue;
                }

                if (!committedOnly || !batch.Attributes.IsTransactional || !aborting.Contains(batch.ProducerId))
                {
                    Describe(batch, log.StartOffset, lines);
                }
            }
        }

        return lines;
    }

    private static void Describe(RecordBatch batch, Offset start, List<string> lines)
    {
        using RecordSection section = RecordSection.Open(batch, 1 << 26);
        foreach (Protocol.Records.Record record in section)
        {
            if (record.Offset >= start)
            {
                string key = record.Key.IsNull ? "null" : Encoding.UTF8.GetString(record.Key.Span);
                string value = record.Value.IsNull ? "null" : $"{record.Value.Length}:{Crc32C.Compute(record.Value.Span)}";
                lines.Add($"{record.Offset} {batch.PartitionLeaderEpoch} {record.Timestamp} {key} {value} {record.Headers.Count}");
            }
        }
    }

    private static List<string> Describe(List<JsonElement> lines) =>
        lines.ConvertAll(line =>
        {
            string value =
                line.GetProperty("valueSize").ValueKind == JsonValueKind.Null
                    ? "null"
                    : $"{line.GetProperty("valueSize").GetInt32()}:{line.GetProperty("valueCrc32c").GetUInt32()}";
            return $"{line.GetProperty("offset")} {line.GetProperty("leaderEpoch")} {line.GetProperty("timestamp")} "
                + $"{line.GetProperty("key").GetString() ?? "null"} {value} {line.GetProperty("headers").GetArrayLength()}";
        });

    private static List<string> Describe(byte[] snapshot) =>
        [
            .. ProducerSnapshot
                .Parse(snapshot)!
                .OrderBy(producer => producer.Id)
                .Select(producer =>
                    $"{producer.Id} {producer.Epoch} {producer.Last} {producer.LastTimestamp} {producer.CoordinatorEpoch} "
                    + $"{producer.TransactionStart}"
                ),
        ];
}
