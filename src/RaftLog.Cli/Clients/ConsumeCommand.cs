using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text;
using RaftLog.Cli.Clients.Records;
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
        Option<string> format = new("--format")
        {
            Description =
                "text; json, in which nothing is lost; or a string with %k key, %s value, %K %S their lengths (-1 for null), %h "
                + "headers, %t topic, %p partition, %o offset, %T timestamp, %R the value's length as 4 bytes, \\n, \\t, \\xHH, ...",
            DefaultValueFactory = _ => "text",
        };
        Option<string?> separator = new("--key-separator")
        {
            Description = "Show keys, with this between key and value, for instance '\\t'.",
        };
        Option<string?> nullMarker = new("--null") { Description = "What is shown for a null key or value; without it nothing." };
        Option<string?> group = new("--group")
        {
            Description = "Share the topic with the other members of this group, go on where it has committed, and commit what was shown.",
        };
        separator.Validators.Add(result => Check(result, text => Escapes.Read(text)));
        nullMarker.Validators.Add(result => Check(result, text => Escapes.Read(text)));
        format.Validators.Add(result => Check(result, text => FormatOf(text, null, [])));
        Command command = new("consume", "Show the records of a topic.")
        {
            topic,
            fromBeginning,
            partition,
            offset,
            max,
            format,
            separator,
            nullMarker,
            group,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(offset) is not null && result.GetValue(partition) is null)
            {
                result.AddError("--offset needs --partition: an offset is a place in one partition");
            }

            if (result.GetValue(group) is not null && result.GetValue(partition) is not null)
            {
                result.AddError("--group shares out the partitions: it goes with neither --partition nor --offset");
            }
        });
        return ClientCommand.Add(
            command,
            async (cluster, parsed, json, cancel) =>
            {
                StartAt start =
                    parsed.GetValue(offset) is { } from ? StartAt.Offset(new Offset(from))
                    : parsed.GetValue(fromBeginning) ? StartAt.Beginning
                    : StartAt.End;
                await using Consumer consumer = cluster.CreateConsumer(
                    new ConsumerOptions
                    {
                        GroupId = parsed.GetValue(group),
                        OffsetReset = parsed.GetValue(fromBeginning) ? OffsetReset.Earliest : OffsetReset.Latest,
                        AutoOffsetStore = false,
                    }
                );
                Dictionary<TopicPartition, StartAt> partitions = await PartitionsAsync(
                    cluster,
                    parsed.GetValue(topic)!,
                    parsed.GetValue(partition),
                    start
                );
                if (parsed.GetValue(group) is null)
                {
                    consumer.Assign(partitions);
                }
                else
                {
                    consumer.Subscribe([parsed.GetValue(topic)!]);
                }

                RecordWriter writer = new(
                    FormatOf(
                        json ? "json" : parsed.GetValue(format)!,
                        parsed.GetValue(separator),
                        Escapes.Read(parsed.GetValue(nullMarker) ?? "")
                    )
                );
                await ShowAsync(consumer, writer, parsed.GetValue(max), cancel);
                return ExitCode.Ok;
            }
        );
    }

    /// <summary>The format; null for JSON.</summary>
    private static RecordFormat? FormatOf(string format, string? separator, byte[] nullMarker) =>
        format switch
        {
            "json" => null,
            "text" when separator is null => RecordFormat.Parse("%s\\n", nullMarker),
            "text" => RecordFormat.Parse($"%k{separator.Replace("%", "%%", StringComparison.Ordinal)}%s\\n", nullMarker),
            _ => RecordFormat.Parse(format, nullMarker),
        };

    private static void Check(OptionResult result, Action<string> read)
    {
        try
        {
            read(result.GetValueOrDefault<string?>() ?? "");
        }
        catch (FormatException e)
        {
            result.AddError($"{result.Option.Name}: {e.Message}");
        }
    }

    private static async Task<Dictionary<TopicPartition, StartAt>> PartitionsAsync(
        KafkaCluster cluster,
        string topic,
        int? only,
        StartAt start
    )
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
                ErrorCode.UnknownTopicOrPartition,
                $"topic {topic} has no partition {only}; it has 0 to {description.Partitions.Count - 1}"
            );
    }

    private static async Task ShowAsync(Consumer consumer, RecordWriter writer, long max, CancellationToken cancel)
    {
        await using Stream output = Console.OpenStandardOutput();
        ConsumeProgress progress = ConsumeProgress.ForConsole();
        long shown = 0;
        long bytes = 0;
        while (shown < max && StandardOutput.HasReader && !cancel.IsCancellationRequested)
        {
            using FetchedRecords? records = await consumer.ReadAsync(TimeSpan.FromSeconds(1), cancel);
            if (records is not null)
            {
                shown += writer.Append(records, max - shown, out Offset next);
                bytes += records.Bytes;
                await output.WriteAsync(writer.TakeBytes(), CancellationToken.None);
                await output.FlushAsync(CancellationToken.None);

                // A fetch may hold more records than are to be shown: a group has committed those that were.
                consumer.StoreOffset(records.Partition, next);
            }

            progress.Show(shown, bytes, LagOf(consumer));
        }

        progress.End(shown, bytes);
    }

    private static long? LagOf(Consumer consumer)
    {
        long? lag = null;
        foreach (TopicPartition partition in consumer.Assigned)
        {
            lag = consumer.Lag(partition) is { } known ? (lag ?? 0) + known : lag;
        }

        return lag;
    }

    /// <summary>Makes the text of records.</summary>
    /// <param name="format">Their format; null for JSON.</param>
    private sealed class RecordWriter(RecordFormat? format)
    {
        private readonly MemoryStream _bytes = new();

        /// <summary>Appends records.</summary>
        /// <param name="records">The records.</param>
        /// <param name="max">The most of them.</param>
        /// <param name="next">The offset behind those that were appended.</param>
        /// <returns>How many were appended.</returns>
        public long Append(FetchedRecords records, long max, out Offset next)
        {
            long count = 0;
            next = records.Next;
            foreach (RecordView record in records)
            {
                if (count == max)
                {
                    next = record.Offset;
                    break;
                }

                count++;
                if (format is not null)
                {
                    format.Write(record, _bytes);
                }
                else
                {
                    _bytes.Write(Encoding.UTF8.GetBytes(JsonRecords.Write(record)));
                    _bytes.WriteByte((byte)'\n');
                }
            }

            return count;
        }

        public byte[] TakeBytes()
        {
            byte[] bytes = _bytes.ToArray();
            _bytes.SetLength(0);
            return bytes;
        }
    }
}
