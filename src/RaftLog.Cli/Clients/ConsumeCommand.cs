using System.CommandLine;
using System.Text;
using RaftLog.Cli.Output;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Consume;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients;

/// <summary><c>raftlog consume</c>: the records of a topic as lines, until stopped or until as many as asked for.</summary>
internal static class ConsumeCommand
{
    public static Command Create()
    {
        Argument<string> topic = new("topic") { Description = "The topic to read." };
        Option<bool> fromBeginning = new("--from-beginning") { Description = "Begin with the oldest record instead of the next new one." };
        Option<int?> partition = new("--partition") { Description = "Read one partition only." };
        Option<long?> offset = new("--offset") { Description = "Begin at this offset of the partition." };
        Option<long> max = new("--max-messages") { Description = "Stop after so many records.", DefaultValueFactory = _ => long.MaxValue };
        Option<string> format = new("--format") { Description = "text or json.", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        Option<string?> separator = new("--key-separator") { Description = "Show keys, with this between key and value." };
        Command command = new("consume", "Show the records of a topic.") { topic, fromBeginning, partition, offset, max, format, separator };
        return ClientCommand.Add(command, async (cluster, parsed, json, cancel) =>
        {
            if (parsed.GetValue(offset) is not null && parsed.GetValue(partition) is null)
            {
                Console.Error.WriteLine("--offset needs --partition: an offset is a place in one partition");
                return ExitCode.Usage;
            }

            StartAt start = parsed.GetValue(offset) is { } from ? StartAt.Offset(new Offset(from))
                : parsed.GetValue(fromBeginning) ? StartAt.Beginning
                : StartAt.End;
            using Consumer consumer = cluster.CreateConsumer();
            consumer.Assign(await PartitionsAsync(cluster, parsed.GetValue(topic)!, parsed.GetValue(partition), start));
            RecordWriter writer = new(json || parsed.GetValue(format) == "json", parsed.GetValue(separator));
            await ShowAsync(consumer, writer, parsed.GetValue(max), cancel);
            return ExitCode.Ok;
        });
    }

    private static async Task<Dictionary<TopicPartition, StartAt>> PartitionsAsync(KafkaCluster cluster, string topic, int? only, StartAt start)
    {
        TopicDescription description = (await cluster.Admin.DescribeTopicsAsync([topic]))[0];
        if (description.Error != ErrorCode.None)
        {
            throw new KafkaException(description.Error, $"topic {topic} cannot be read; 'raftlog topic list' shows what there is");
        }

        Dictionary<TopicPartition, StartAt> partitions = [];
        foreach (PartitionDescription partition in description.Partitions)
        {
            if (only is null || partition.Index == only)
            {
                partitions.Add(new TopicPartition(topic, partition.Index), start);
            }
        }

        return partitions.Count > 0
            ? partitions
            : throw new KafkaException(
                ErrorCode.UnknownTopicOrPartition, $"topic {topic} has no partition {only}; it has 0 to {description.Partitions.Count - 1}");
    }

    private static async Task ShowAsync(Consumer consumer, RecordWriter writer, long max, CancellationToken cancel)
    {
        await using Stream output = Console.OpenStandardOutput();
        long shown = 0;
        while (shown < max && StandardOutput.HasReader && !cancel.IsCancellationRequested)
        {
            using FetchedRecords? records = await consumer.ReadAsync(TimeSpan.FromSeconds(1), cancel);
            if (records is not null)
            {
                shown += writer.Append(records, max - shown);
                await output.WriteAsync(writer.TakeBytes(), CancellationToken.None);
                await output.FlushAsync(CancellationToken.None);
            }
        }
    }

    /// <summary>Makes the lines of records.</summary>
    private sealed class RecordWriter(bool json, string? separator)
    {
        private readonly MemoryStream _bytes = new();

        public long Append(FetchedRecords records, long max)
        {
            long count = 0;
            foreach (RecordView record in records)
            {
                if (count == max)
                {
                    break;
                }

                count++;
                if (json)
                {
                    _bytes.Write(Encoding.UTF8.GetBytes(Describe(record)));
                }
                else
                {
                    if (separator is not null)
                    {
                        _bytes.Write(record.Key.Span);
                        _bytes.Write(Encoding.UTF8.GetBytes(separator));
                    }

                    _bytes.Write(record.Value.Span);
                }

                _bytes.WriteByte((byte)'\n');
            }

            return count;
        }

        public byte[] TakeBytes()
        {
            byte[] bytes = _bytes.ToArray();
            _bytes.SetLength(0);
            return bytes;
        }

        private static string Describe(RecordView view)
        {
            ConsumedRecord record = view.ToRecord();
            return Json.Line(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("topic", record.Partition.Topic);
                writer.WriteNumber("partition", record.Partition.Partition);
                writer.WriteNumber("offset", record.Offset.Value);
                writer.WriteNumber("timestamp", record.TimestampMs);
                writer.WriteNumber("leaderEpoch", record.LeaderEpoch.Value);
                writer.WriteString("key", TextOf(record.Key));
                writer.WriteString("value", TextOf(record.Value));
                writer.WriteEndObject();
            });
        }

        private static string? TextOf(byte[]? bytes) => bytes is null ? null : Encoding.UTF8.GetString(bytes);
    }
}
