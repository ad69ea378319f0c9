using System.CommandLine;
using RaftLog.Cli.Output;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients;

/// <summary><c>raftlog group list | describe | reset-offsets | delete | delete-offsets</c>.</summary>
internal static class GroupCommands
{
    public static Command Create() =>
        new("group", "Look at groups, move their positions, delete them.")
        {
            List(),
            Describe(),
            GroupResetCommand.Create(),
            Delete(),
            DeleteOffsets(),
        };

    /// <summary>The argument that names a group.</summary>
    internal static Argument<string> Group => new("group") { Description = "The group's id." };

    private static Command List() =>
        ClientCommand.Add(
            new Command("list", "List the groups."),
            async (cluster, _, json, _) =>
            {
                IReadOnlyList<GroupListing> groups = await cluster.Admin.Groups.ListAsync();
                if (json)
                {
                    foreach (GroupListing group in groups)
                    {
                        Console.WriteLine(
                            Json.Line(writer =>
                            {
                                writer.WriteStartObject();
                                writer.WriteString("group", group.Id);
                                writer.WriteString("type", group.Type);
                                writer.WriteString("state", group.State);
                                writer.WriteString("protocolType", group.ProtocolType);
                                writer.WriteNumber("coordinator", group.Coordinator.Value);
                                writer.WriteEndObject();
                            })
                        );
                    }

                    return ExitCode.Ok;
                }

                Table table = new("GROUP", "TYPE", "STATE", "PROTOCOL", "COORDINATOR");
                foreach (GroupListing group in groups)
                {
                    table.Add(group.Id, group.Type, group.State, group.ProtocolType, $"{group.Coordinator}");
                }

                Console.Write(table);
                return ExitCode.Ok;
            }
        );

    private static Command Describe()
    {
        Argument<string> group = Group;
        return ClientCommand.Add(
            new Command("describe", "Show a group's members, and how far it has come in each partition.") { group },
            async (cluster, parsed, json, _) =>
            {
                GroupDescription described = await cluster.Admin.Groups.DescribeAsync(parsed.GetValue(group)!);
                IReadOnlyList<GroupPosition> positions = await GroupPosition.OfAsync(cluster, described);
                if (json)
                {
                    Console.WriteLine(Write(described, positions));
                    return ExitCode.Ok;
                }

                Console.WriteLine(
                    $"group {described.Id}: {described.Type}, {described.State}, {described.Members.Count} members"
                        + (described.Assignor.Length > 0 ? $", assignor {described.Assignor}" : "")
                );
                Table table = new("TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER", "HOST", "CLIENT");
                foreach (GroupPosition position in positions)
                {
                    table.Add(
                        position.Partition.Topic,
                        $"{position.Partition.Partition}",
                        Show(position.Committed),
                        Show(position.End),
                        Show(position.Lag),
                        position.Member?.Id ?? "-",
                        position.Member?.Host ?? "-",
                        position.Member?.ClientId ?? "-"
                    );
                }

                Console.Write(table);
                return ExitCode.Ok;
            }
        );
    }

    private static Command Delete()
    {
        Argument<string[]> groups = new("group") { Description = "The groups' ids.", Arity = ArgumentArity.OneOrMore };
        return ClientCommand.Add(
            new Command("delete", "Delete groups that have no members, with their positions.") { groups },
            async (cluster, parsed, json, _) =>
                Report(
                    await cluster.Admin.Groups.DeleteAsync(parsed.GetValue(groups)!),
                    json,
                    "deleted group",
                    static (writer, id) => writer.WriteString("group", id)
                )
        );
    }

    private static Command DeleteOffsets()
    {
        Argument<string> group = Group;
        Option<string[]> topics = TopicOption();
        Command command = new("delete-offsets", "Delete positions of topics that no member of the group reads.") { group, topics };
        return ClientCommand.Add(
            command,
            async (cluster, parsed, json, _) =>
            {
                string id = parsed.GetValue(group)!;
                IReadOnlyCollection<TopicPartition> partitions = TopicSelection
                    .Parse(parsed.GetValue(topics)!)
                    .Choose((await cluster.Admin.Groups.OffsetsAsync(id)).Keys);
                if (partitions.Count == 0)
                {
                    throw new FormatException(
                        $"group {id} has no positions of these topics; 'raftlog group describe {id}' shows what it has"
                    );
                }

                return Report(
                    await cluster.Admin.Groups.DeleteOffsetsAsync(id, partitions),
                    json,
                    "deleted the position of",
                    static (writer, partition) =>
                    {
                        writer.WriteString("topic", partition.Topic);
                        writer.WriteNumber("partition", partition.Partition);
                    }
                );
            }
        );
    }

    /// <summary>The option that chooses topics.</summary>
    internal static Option<string[]> TopicOption() =>
        new("--topic") { Description = "A topic, or some of its partitions as topic:0,1; may be repeated.", Required = true };

    private static int Report<T>(
        IReadOnlyList<ItemResult<T>> results,
        bool json,
        string done,
        Action<System.Text.Json.Utf8JsonWriter, T> write
    )
    {
        foreach (ItemResult<T> result in results)
        {
            if (json)
            {
                Console.WriteLine(
                    Json.Line(writer =>
                    {
                        writer.WriteStartObject();
                        write(writer, result.Item);
                        writer.WriteString("error", $"{result.Error}");
                        writer.WriteEndObject();
                    })
                );
            }
            else if (result.Succeeded)
            {
                Console.WriteLine($"{done} {result.Item}");
            }
            else
            {
                Console.Error.WriteLine($"{result.Item}: {result.Message}");
            }
        }

        return results.All(result => result.Succeeded) ? ExitCode.Ok : ExitCode.Failed;
    }

    private static string Show(long? number) => number is { } known ? $"{known}" : "-";

    private static string Write(GroupDescription group, IReadOnlyList<GroupPosition> positions) =>
        Json.Line(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("group", group.Id);
            writer.WriteString("type", group.Type);
            writer.WriteString("state", group.State);
            writer.WriteString("assignor", group.Assignor);
            writer.WriteStartArray("members");
            foreach (GroupMemberDescription member in group.Members)
            {
                writer.WriteStartObject();
                writer.WriteString("member", member.Id);
                writer.WriteString("instance", member.InstanceId);
                writer.WriteString("client", member.ClientId);
                writer.WriteString("host", member.Host);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteStartArray("positions");
            foreach (GroupPosition position in positions)
            {
                writer.WriteStartObject();
                writer.WriteString("topic", position.Partition.Topic);
                writer.WriteNumber("partition", position.Partition.Partition);
                WriteNumber(writer, "committed", position.Committed);
                WriteNumber(writer, "end", position.End);
                WriteNumber(writer, "lag", position.Lag);
                writer.WriteString("member", position.Member?.Id);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });

    private static void WriteNumber(System.Text.Json.Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } known)
        {
            writer.WriteNumber(name, known);
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
