using System.CommandLine;
using System.Globalization;
using RaftLog.Cli.Output;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients;

/// <summary><c>raftlog transaction list | describe | find-hanging | abort-hanging</c>.</summary>
internal static class TransactionCommands
{
    /// <summary>The default of transaction.max.timeout.ms: no transaction that lives is older.</summary>
    private const int LongestMinutes = 15;

    public static Command Create() =>
        new("transaction", "Look at transactions, and end those that hang.") { List(), Describe(), FindHanging(), AbortHanging() };

    private static Command List() =>
        ClientCommand.Add(
            new Command("list", "List the transactional ids."),
            async (cluster, _, json, _) =>
            {
                Table table = new("TRANSACTIONAL-ID", "PRODUCER", "STATE", "COORDINATOR");
                foreach (TransactionListing each in await cluster.Admin.Transactions.ListAsync())
                {
                    table.Add(each.Id, $"{each.Producer}", each.State, $"{each.Coordinator}");
                    if (json)
                    {
                        Console.WriteLine(
                            Json.Line(writer =>
                            {
                                writer.WriteStartObject();
                                writer.WriteString("transactionalId", each.Id);
                                writer.WriteNumber("producer", each.Producer.Value);
                                writer.WriteString("state", each.State);
                                writer.WriteNumber("coordinator", each.Coordinator.Value);
                                writer.WriteEndObject();
                            })
                        );
                    }
                }

                return Show(table, json);
            }
        );

    private static Command Describe()
    {
        Argument<string> id = new("transactional-id") { Description = "The transactional id." };
        return ClientCommand.Add(
            new Command("describe", "Show a transactional id and the partitions of its transaction.") { id },
            async (cluster, parsed, json, _) =>
            {
                TransactionDescription described = await cluster.Admin.Transactions.DescribeAsync(parsed.GetValue(id)!);
                if (json)
                {
                    Console.WriteLine(
                        Json.Line(writer =>
                        {
                            writer.WriteStartObject();
                            writer.WriteString("transactionalId", described.Id);
                            writer.WriteNumber("producer", described.Producer.Value);
                            writer.WriteNumber("epoch", described.Epoch.Value);
                            writer.WriteString("state", described.State);
                            writer.WriteNumber("timeoutMs", described.TimeoutMs);
                            writer.WriteNumber("startMs", described.StartMs);
                            writer.WriteStartArray("partitions");
                            foreach (TopicPartition partition in described.Partitions)
                            {
                                writer.WriteStringValue($"{partition}");
                            }

                            writer.WriteEndArray();
                            writer.WriteEndObject();
                        })
                    );
                    return ExitCode.Ok;
                }

                Console.WriteLine(
                    $"{described.Id}: {described.State}, producer {described.Producer}, epoch {described.Epoch}, timeout "
                        + $"{described.TimeoutMs} ms, begun {Moment(described.StartMs)}"
                );
                Console.WriteLine(
                    described.Partitions.Count == 0 ? "no partitions" : $"partitions {string.Join(' ', described.Partitions)}"
                );
                return ExitCode.Ok;
            }
        );
    }

    private static Command FindHanging()
    {
        Argument<string> topic = new("topic") { Description = "The topic to look through." };
        Option<int> minutes = new("--older-than-minutes")
        {
            Description = "Pass over what is younger: it may still be on its way. At least transaction.max.timeout.ms.",
            DefaultValueFactory = _ => LongestMinutes,
        };
        return ClientCommand.Add(
            new Command("find-hanging", "Find open transactions that no coordinator knows: readers of committed records wait for them.")
            {
                topic,
                minutes,
            },
            async (cluster, parsed, json, _) =>
            {
                Table table = new("TOPIC", "PARTITION", "PRODUCER", "EPOCH", "COORDINATOR-EPOCH", "START-OFFSET", "LAST-WRITE");
                foreach (
                    PartitionProducer each in await cluster.Admin.Transactions.FindHangingAsync(
                        parsed.GetValue(topic)!,
                        TimeSpan.FromMinutes(parsed.GetValue(minutes))
                    )
                )
                {
                    table.Add(
                        each.Partition.Topic,
                        $"{each.Partition.Partition}",
                        $"{each.Producer}",
                        $"{each.Epoch}",
                        $"{each.CoordinatorEpoch}",
                        $"{each.TransactionStart}",
                        Moment(each.LastTimestampMs)
                    );
                    if (json)
                    {
                        Console.WriteLine(
                            Json.Line(writer =>
                            {
                                writer.WriteStartObject();
                                writer.WriteString("topic", each.Partition.Topic);
                                writer.WriteNumber("partition", each.Partition.Partition);
                                writer.WriteNumber("producer", each.Producer.Value);
                                writer.WriteNumber("epoch", each.Epoch.Value);
                                writer.WriteNumber("coordinatorEpoch", each.CoordinatorEpoch);
                                writer.WriteNumber("startOffset", each.TransactionStart.Value);
                                writer.WriteNumber("lastWriteMs", each.LastTimestampMs);
                                writer.WriteEndObject();
                            })
                        );
                    }
                }

                return Show(table, json);
            }
        );
    }

    private static Command AbortHanging()
    {
        Argument<string> topic = new("topic") { Description = "The topic." };
        Argument<int> index = new("partition") { Description = "The partition." };
        Argument<long> start = new("start-offset") { Description = "Where the transaction begins, as find-hanging shows it." };
        return ClientCommand.Add(
            new Command(
                "abort-hanging",
                "End a hanging transaction in one partition; its records there are not read by readers of committed records."
            )
            {
                topic,
                index,
                start,
            },
            async (cluster, parsed, _, _) =>
            {
                TopicPartition partition = new(parsed.GetValue(topic)!, parsed.GetValue(index));
                Offset from = new(parsed.GetValue(start));
                IReadOnlyList<PartitionProducer> producers = await cluster.Admin.Transactions.ProducersAsync(partition);
                if (producers.FirstOrDefault(each => each.TransactionStart == from) is not { } hanging)
                {
                    Console.Error.WriteLine(
                        $"raftlog: no transaction begins at offset {from} of {partition}; 'transaction find-hanging {partition.Topic}' "
                            + $"shows what hangs"
                    );
                    return ExitCode.Failed;
                }

                await cluster.Admin.Transactions.AbortAsync(hanging);
                Console.WriteLine($"ended the transaction of producer {hanging.Producer} in {partition}");
                return ExitCode.Ok;
            }
        );
    }

    private static int Show(Table table, bool json)
    {
        if (!json)
        {
            Console.Write(table);
        }

        return ExitCode.Ok;
    }

    private static string Moment(long ms) =>
        ms < 0
            ? "never"
            : DateTimeOffset.FromUnixTimeMilliseconds(ms).UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
