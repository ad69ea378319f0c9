using System.Text;
using System.Text.Json;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using Record = RaftLog.Protocol.Records.Record;

namespace RaftLog.Protocol.Tests.Records;

/// <summary>Batches written by Apache Kafka's own classes, with what those classes read in them.</summary>
public class GoldenBatchTests
{
    private const int Limit = 1 << 20;
    private static readonly List<JsonElement> Golden = GoldenFiles.Lines("batches.jsonl.gz");

    [Fact]
    public void Every_header_field_reads_as_Kafka_reads_it()
    {
        Assert.Equal(68, Golden.Count);
        foreach (JsonElement line in Golden)
        {
            byte[] bytes = Bytes(line);
            RecordBatches batches = new(bytes);
            foreach (JsonElement expected in line.GetProperty("batches").EnumerateArray())
            {
                Assert.True(batches.MoveNext());
                RecordBatch batch = batches.Current;
                Assert.True(batch.HasValidChecksum);
                Assert.Equal(Long(expected, "baseOffset"), batch.BaseOffset.Value);
                Assert.Equal(Long(expected, "lastOffset"), batch.LastOffset.Value);
                Assert.Equal(Long(expected, "sizeInBytes"), batch.Size);
                Assert.Equal(Long(expected, "partitionLeaderEpoch"), batch.PartitionLeaderEpoch.Value);
                Assert.Equal(Long(expected, "crc"), batch.Checksum);
                Assert.Equal(expected.GetProperty("compression").GetString(), batch.Attributes.Compression.ToString().ToLowerInvariant());
                Assert.Equal(expected.GetProperty("timestampType").GetString(), batch.Attributes.TimestampType.ToString());
                Assert.Equal(expected.GetProperty("transactional").GetBoolean(), batch.Attributes.IsTransactional);
                Assert.Equal(expected.GetProperty("control").GetBoolean(), batch.Attributes.IsControl);
                Assert.Equal(Long(expected, "maxTimestamp"), batch.MaxTimestamp);
                Assert.Equal(Long(expected, "producerId"), batch.ProducerId.Value);
                Assert.Equal(Long(expected, "producerEpoch"), batch.ProducerEpoch.Value);
                Assert.Equal(Long(expected, "baseSequence"), batch.BaseSequence);
                Assert.Equal(Long(expected, "lastSequence"), batch.LastSequence);
                Assert.Equal(expected.GetProperty("records").GetArrayLength(), batch.RecordCount);
            }

            Assert.False(batches.MoveNext());
            Assert.Equal(BatchStatus.End, batches.Status);
            Assert.Equal(bytes.Length, batches.Position);
        }
    }

    [Fact]
    public void Every_record_reads_as_Kafka_reads_it_and_passes_the_walk()
    {
        foreach (JsonElement line in Golden)
        {
            RecordBatches batches = new(Bytes(line));
            foreach (JsonElement expected in line.GetProperty("batches").EnumerateArray())
            {
                batches.MoveNext();
                RecordBatch batch = batches.Current;
                using RecordSection section = RecordSection.Open(batch, Limit);
                Assert.Equal(RecordFault.None, RecordWalk.Check(batch, section.Bytes, out _));
                int index = 0;
                foreach (Record record in section)
                {
                    AssertRecord(expected.GetProperty("records")[index], record);
                    Assert.Equal(
                        Long(expected.GetProperty("records")[index], "sequence"),
                        batch.BaseSequence < 0 ? -1 : ProducerStamp.Advance(batch.BaseSequence, index)
                    );
                    index++;
                }

                Assert.Equal(batch.RecordCount, index);
            }
        }
    }

    [Fact]
    public void The_builder_writes_the_same_bytes_for_plain_batches()
    {
        int compared = 0;
        foreach (JsonElement line in Golden)
        {
            RecordBatches batches = new(Bytes(line));
            while (batches.MoveNext())
            {
                if (batches.Current.Attributes.Compression == CompressionType.None)
                {
                    Assert.Equal(
                        Convert.ToHexString(batches.Current.Bytes),
                        Convert.ToHexString(Rebuild(batches.Current, batches.Current.Section))
                    );
                    compared++;
                }
            }
        }

        Assert.Equal(20, compared);
    }

    [Fact]
    public void The_builder_writes_batches_of_each_codec_with_the_same_records()
    {
        foreach (JsonElement line in Golden)
        {
            RecordBatches batches = new(Bytes(line));
            while (batches.MoveNext())
            {
                using RecordSection plain = RecordSection.Open(batches.Current, Limit);
                byte[] rebuilt = Rebuild(batches.Current, plain.Bytes);
                Assert.Equal(BatchStatus.Complete, RecordBatch.Read(rebuilt, out RecordBatch again));
                Assert.True(again.HasValidChecksum);
                using RecordSection section = RecordSection.Open(again, Limit);
                Assert.Equal(plain.Bytes, section.Bytes);
                Assert.Equal(batches.Current.Bytes[21..61], again.Bytes[21..61]);
            }
        }
    }

    [Fact]
    public void Transaction_markers_are_written_as_Kafka_writes_them()
    {
        JsonElement golden = Golden.Single(line => line.GetProperty("name").GetString() == "end-txn-commit-0");
        using RecordBatchBuilder builder = new(new RecordBatchOptions(ControlBatch.MarkerSize));
        builder.BaseOffset = new Offset(100);
        builder.PartitionLeaderEpoch = new LeaderEpoch(5);
        ProducerStamp producer = new(new ProducerId(4242), new ProducerEpoch(0), 17);

        ControlBatch.AppendMarker(builder, 1700000000000, ControlRecordType.Commit, producer, new LeaderEpoch(12));

        Assert.Equal(Bytes(golden), builder.Seal().ToArray());
    }

    [Fact]
    public void Control_records_name_their_kind_in_the_key()
    {
        ControlRecordType[] expected =
        [
            ControlRecordType.Commit,
            ControlRecordType.Abort,
            ControlRecordType.Abort,
            ControlRecordType.LeaderChange,
            ControlRecordType.SnapshotHeader,
            ControlRecordType.SnapshotFooter,
            ControlRecordType.KRaftVersion,
            ControlRecordType.KRaftVoters,
        ];
        List<ControlRecordType> found = [];
        foreach (JsonElement line in Golden)
        {
            RecordBatch.Read(Bytes(line), out RecordBatch batch);
            if (!batch.Attributes.IsControl)
            {
                continue;
            }

            foreach (Record record in new RecordReader(batch, batch.Section))
            {
                Assert.True(ControlRecordKey.TryRead(record.Key, out ControlRecordKey key));
                Assert.Equal(0, key.Version);
                found.Add(key.Type);
                if (key.Type <= ControlRecordType.Commit)
                {
                    Assert.True(EndTransactionMarker.TryRead(record.Value, out EndTransactionMarker marker));
                    Assert.Equal(new EndTransactionMarker(0, new LeaderEpoch(11 + found.Count)), marker);
                }
            }
        }

        Assert.Equal(expected, found);
    }

    internal static byte[] Bytes(JsonElement line) => Convert.FromHexString(line.GetProperty("hex").GetString()!);

    private static byte[] Rebuild(RecordBatch batch, ReadOnlySpan<byte> section)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(Limit, batch.Attributes.Compression));
        builder.BaseOffset = batch.BaseOffset;
        builder.PartitionLeaderEpoch = batch.PartitionLeaderEpoch;
        builder.Producer = batch.Producer;
        builder.Attributes = batch.Attributes;
        foreach (Record record in new RecordReader(batch, section))
        {
            List<RecordHeader> headers = [];
            foreach (RecordHeaders header in record.Headers)
            {
                headers.Add(
                    new(Encoding.UTF8.GetString(header.Key), header.Value.IsNull ? (ReadOnlyMemory<byte>?)null : header.Value.ToArray())
                );
            }

            long timestamp = batch.BaseTimestamp + record.Layout.TimestampDelta;
            Assert.True(builder.TryAppend(timestamp, record.Key, record.Value, headers.ToArray()));
        }

        byte[] rebuilt = builder.Seal().ToArray();
        MutableRecordBatch.Read(rebuilt, out MutableRecordBatch mutable);
        mutable.SetMaxTimestamp(batch.Attributes.TimestampType, batch.MaxTimestamp);
        return rebuilt;
    }

    private static void AssertRecord(JsonElement expected, Record record)
    {
        Assert.Equal(Long(expected, "offset"), record.Offset.Value);
        Assert.Equal(Long(expected, "timestamp"), record.Timestamp);
        Assert.Equal(expected.GetProperty("key").GetString(), Hex(record.Key));
        Assert.Equal(expected.GetProperty("value").GetString(), Hex(record.Value));
        int index = 0;
        foreach (RecordHeaders header in record.Headers)
        {
            Assert.Equal(expected.GetProperty("headers")[index][0].GetString(), Encoding.UTF8.GetString(header.Key));
            Assert.Equal(expected.GetProperty("headers")[index][1].GetString(), Hex(header.Value));
            index++;
        }

        Assert.Equal(expected.GetProperty("headers").GetArrayLength(), index);
    }

    private static string? Hex(NullableBytes bytes) => bytes.IsNull ? null : Convert.ToHexStringLower(bytes.Span);

    private static long Long(JsonElement element, string name) => element.GetProperty(name).GetInt64();
}
