using System.CommandLine;
using System.Text.Json;
using RaftLog.Cli.Output;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients;

/// <summary><c>raftlog topic create | list | describe | delete</c>.</summary>
internal static class TopicCommands
{
    public static Command Create() =>
        new("topic", "Create, list, describe and delete topics.") { CreateTopic(), List(), Describe(), Delete() };

    private static Argument<string> Name => new("topic") { Description = "The topic's name." };

    private static Command CreateTopic()
    {
        Argument<string> name = Name;
        Option<int> partitions = new("--partitions")
        {
            Description = "How many partitions; the cluster's default when absent.",
            DefaultValueFactory = _ => -1,
        };
        Option<short> replicas = new("--replication-factor")
        {
            Description = "How many replicas; the cluster's default when absent.",
            DefaultValueFactory = _ => -1,
        };
        Option<string[]> configs = new("--config") { Description = "A configuration value of the topic, as key=value; may be repeated." };
        Command command = new("create", "Create a topic.") { name, partitions, replicas, configs };
        return ClientCommand.Add(
            command,
            async (cluster, parsed, json, _) =>
            {
                NewTopic topic = new(parsed.GetValue(name)!, parsed.GetValue(partitions), parsed.GetValue(replicas))
                {
                    Configs = [.. (parsed.GetValue(configs) ?? []).Select(ParseConfig)],
                };
                (await cluster.Admin.CreateTopicsAsync([topic]))[0].ThrowIfFailed();
                Console.WriteLine(json ? Json.Line(writer => WriteName(writer, "created", topic.Name)) : $"created topic {topic.Name}");
                return ExitCode.Ok;
            }
        );
    }

    private static Command List() =>
        ClientCommand.Add(
            new Command("list", "List the topics."),
            async (cluster, _, json, _) =>
            {
                IReadOnlyList<TopicDescription> topics = await cluster.Admin.ListTopicsAsync();
                if (json)
                {
                    foreach (TopicDescription topic in topics)
                    {
                        Console.WriteLine(Json.Line(writer => WriteTopic(writer, topic)));
                    }

                    return ExitCode.Ok;
                }

                Table table = new("TOPIC", "PARTITIONS", "REPLICAS", "ID");
                foreach (TopicDescription topic in topics)
                {
                    table.Add(
                        topic.Name,
                        $"{topic.Partitions.Count}",
                        $"{(topic.Partitions.Count > 0 ? topic.Partitions[0].Replicas.Count : 0)}",
                        $"{topic.Id}"
                    );
                }

                Console.Write(table);
                return ExitCode.Ok;
            }
        );

    private static Command Describe()
    {
        Argument<string> name = Name;
        return ClientCommand.Add(
            new Command("describe", "Show a topic's partitions: leader, replicas, in-sync replicas.") { name },
            async (cluster, parsed, json, _) =>
            {
                TopicDescription topic = (await cluster.Admin.DescribeTopicsAsync([parsed.GetValue(name)!]))[0];
                if (topic.Error != ErrorCode.None)
                {
                    throw new KafkaException(
                        topic.Error,
                        $"topic {topic.Name} cannot be described; 'raftlog topic list' shows what there is"
                    );
                }

                if (json)
                {
                    Console.WriteLine(Json.Line(writer => WriteTopic(writer, topic)));
                    return ExitCode.Ok;
                }

                Console.WriteLine($"topic {topic.Name}, id {topic.Id}");
                Table table = new("PARTITION", "LEADER", "EPOCH", "REPLICAS", "IN SYNC", "OFFLINE");
                foreach (PartitionDescription partition in topic.Partitions)
                {
                    table.Add(
                        $"{partition.Index}",
                        partition.Leader.IsNode ? $"{partition.Leader}" : "none",
                        $"{partition.LeaderEpoch}",
                        string.Join(',', partition.Replicas),
                        string.Join(',', partition.Isr),
                        string.Join(',', partition.Offline)
                    );
                }

                Console.Write(table);
                foreach (
                    (int partition, FoundOffset found) in (
                        await FutureRecords.FindAsync(cluster, topic, TimeProvider.System.GetUtcNow())
                    ).OrderBy(each => each.Key)
                )
                {
                    Console.WriteLine(FutureRecords.Describe(partition, found));
                }

                return ExitCode.Ok;
            }
        );
    }

    private static Command Delete()
    {
        Argument<string> name = Name;
        return ClientCommand.Add(
            new Command("delete", "Delete a topic with all its records.") { name },
            async (cluster, parsed, json, _) =>
            {
                string topic = parsed.GetValue(name)!;
                (await cluster.Admin.DeleteTopicsAsync([topic]))[0].ThrowIfFailed();
                Console.WriteLine(json ? Json.Line(writer => WriteName(writer, "deleted", topic)) : $"deleted topic {topic}");
                return ExitCode.Ok;
            }
        );
    }

    private static KeyValuePair<string, string> ParseConfig(string text)
    {
        int split = text.IndexOf('=');
        return split > 0
            ? new(text[..split].Trim(), text[(split + 1)..].Trim())
            : throw new FormatException($"--config {text}: write key=value, for instance --config retention.ms=60000");
    }

    private static void WriteName(Utf8JsonWriter writer, string what, string topic)
    {
        writer.WriteStartObject();
        writer.WriteString(what, topic);
        writer.WriteEndObject();
    }

    private static void WriteTopic(Utf8JsonWriter writer, TopicDescription topic)
    {
        writer.WriteStartObject();
        writer.WriteString("topic", topic.Name);
        writer.WriteString("id", topic.Id.ToString());
        writer.WriteStartArray("partitions");
        foreach (PartitionDescription partition in topic.Partitions)
        {
            writer.WriteStartObject();
            writer.WriteNumber("partition", partition.Index);
            writer.WriteNumber("leader", partition.Leader.Value);
            writer.WriteNumber("leaderEpoch", partition.LeaderEpoch.Value);
            writer.WriteNumbers("replicas", partition.Replicas.Select(node => node.Value));
            writer.WriteNumbers("isr", partition.Isr.Select(node => node.Value));
            writer.WriteNumbers("offline", partition.Offline.Select(node => node.Value));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
