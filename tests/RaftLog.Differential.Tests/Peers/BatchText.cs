using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Peers;

/// <summary>What a node serves of a partition as text: a line a batch, and below it a line a record.</summary>
internal static class BatchText
{
    private const int FetchBytes = 1 << 20;
    private const int MostShown = 40;

    /// <summary>All batches from an offset on, up to the first that begins at or after another.</summary>
    public static async Task<List<string>> ReadAsync(Peer peer, string topic, long from, long end)
    {
        List<string> lines = [];
        Offset next = new(from);
        while (next.Value < end)
        {
            FetchResponse response = await FetchAsync(peer, topic, next, isolation: 0);
            FetchResponse.PartitionData partition = response.Responses[0].Partitions[0];
            Assert.True(partition.ErrorCode == ErrorCode.None, $"{peer.Name} serves {partition.ErrorCode} for {topic} at offset {next}");
            Offset before = next;
            foreach (RecordBatch batch in new RecordBatches((partition.Records ?? default).Span))
            {
                Assert.True(batch.HasValidChecksum, $"{peer.Name} serves a batch of {topic} at {batch.BaseOffset} with a wrong checksum");
                next = batch.NextOffset;
                if (batch.BaseOffset.Value < end)
                {
                    Describe(batch, lines);
                }
            }

            Assert.True(next > before, $"{peer.Name} serves nothing of {topic} at offset {before}");
        }

        return lines;
    }

    /// <summary>Fetches once.</summary>
    public static async Task<FetchResponse> FetchAsync(Peer peer, string topic, Offset from, sbyte isolation)
    {
        Uuid id = await peer.TopicIdAsync(topic);
        return await peer.AskAsync(
            new FetchRequest
            {
                MaxWaitMs = 100,
                MinBytes = 1,
                SessionEpoch = -1,
                IsolationLevel = isolation,
                Topics =
                [
                    new()
                    {
                        TopicId = id,
                        Topic = topic,
                        Partitions =
                        [
                            new()
                            {
                                Partition = 0,
                                FetchOffset = from,
                                PartitionMaxBytes = FetchBytes,
                            },
                        ],
                    },
                ],
            }
        );
    }

    /// <summary>Adds a batch's lines. The time of a control batch is the node's own, and left out.</summary>
    public static void Describe(RecordBatch batch, List<string> lines)
    {
        bool isControl = batch.Attributes.IsControl;
        string Time(long time) => isControl ? "now" : time.ToString(CultureInfo.InvariantCulture);
        string first = batch.Attributes.HasDeleteHorizon ? "horizon" : Time(batch.BaseTimestamp);
        lines.Add(
            $"{batch.BaseOffset}-{batch.LastOffset} {batch.Attributes.Bits:x} count {batch.RecordCount} producer {batch.Producer} time "
                + $"{first} to {Time(batch.MaxTimestamp)}"
        );
        using RecordSection section = RecordSection.Open(batch, 1 << 24);
        foreach (Protocol.Records.Record record in section)
        {
            lines.Add($"  {record.Offset} {Time(record.Timestamp)} {TextOf(record.Key)}={TextOf(record.Value)}");
        }
    }

    private static string TextOf(NullableBytes bytes)
    {
        if (bytes.IsNull)
        {
            return "null";
        }

        string text = bytes.Span.ContainsAnyInRange((byte)0, (byte)31)
            ? Convert.ToHexString(bytes.Span)
            : Encoding.UTF8.GetString(bytes.Span);
        return text.Length <= MostShown
            ? text
            : $"{text[..MostShown]}... ({bytes.Span.Length} bytes, {Convert.ToHexString(SHA256.HashData(bytes.Span), 0, 4)})";
    }
}
