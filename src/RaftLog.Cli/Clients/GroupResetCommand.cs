using System.CommandLine;
using System.Globalization;
using System.Xml;
using RaftLog.Cli.Output;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients;

/// <summary>
/// <c>raftlog group reset-offsets</c>: moves the positions of a group without members. It prints the plan; <c>--execute</c> carries it out.
/// A position outside of what the partition holds becomes its first or last one.
/// </summary>
internal static class GroupResetCommand
{
    public static Command Create()
    {
        Argument<string> group = GroupCommands.Group;
        Option<string[]> topics = GroupCommands.TopicOption();
        topics.Required = false;
        Option<bool> allTopics = new("--all-topics") { Description = "All partitions that the group has committed." };
        Option<bool> execute = new("--execute") { Description = "Carry the plan out; without it, it is only printed." };
        ResetTarget target = new();
        Command command = new("reset-offsets", "Move the positions of a group that has no members.") { group, topics, allTopics, execute };
        target.AddTo(command);
        return ClientCommand.Add(
            command,
            async (cluster, parsed, json, _) =>
            {
                string id = parsed.GetValue(group)!;
                IReadOnlyDictionary<TopicPartition, GroupOffset> committed = await cluster.Admin.Groups.OffsetsAsync(id);
                IReadOnlyCollection<TopicPartition> partitions = parsed.GetValue(allTopics)
                    ? [.. committed.Keys]
                    : await ChooseAsync(cluster, TopicSelection.Parse(parsed.GetValue(topics) ?? []));
                IReadOnlyDictionary<TopicPartition, Offset> plan = await target.PlanAsync(parsed, cluster, partitions, committed);
                if (plan.Count == 0)
                {
                    throw new FormatException("nothing to move: name partitions with --topic or --all-topics, or use --from-file");
                }

                Print(id, plan, committed, json);
                if (!parsed.GetValue(execute))
                {
                    Console.Error.WriteLine("This is the plan; --execute carries it out.");
                    return ExitCode.Ok;
                }

                IReadOnlyList<ItemResult<TopicPartition>> results = await cluster.Admin.Groups.SetOffsetsAsync(id, plan);
                foreach (ItemResult<TopicPartition> failed in results.Where(result => !result.Succeeded))
                {
                    Console.Error.WriteLine($"{failed.Item}: {failed.Message}");
                }

                return results.All(result => result.Succeeded) ? ExitCode.Ok : ExitCode.Failed;
            }
        );
    }

    private static async Task<IReadOnlyCollection<TopicPartition>> ChooseAsync(KafkaCluster cluster, TopicSelection selection)
    {
        IReadOnlyList<TopicDescription> described =
            selection.Topics.Count == 0 ? [] : await cluster.Admin.DescribeTopicsAsync([.. selection.Topics]);
        foreach (TopicDescription topic in described.Where(topic => topic.Error != ErrorCode.None))
        {
            throw new KafkaException(topic.Error, $"topic {topic.Name} cannot be described; 'raftlog topic list' shows what there is");
        }

        return selection.Choose(described.SelectMany(topic => topic.Partitions.Select(each => new TopicPartition(topic.Name, each.Index))));
    }

    private static void Print(
        string group,
        IReadOnlyDictionary<TopicPartition, Offset> plan,
        IReadOnlyDictionary<TopicPartition, GroupOffset> committed,
        bool json
    )
    {
        Table table = new("GROUP", "TOPIC", "PARTITION", "COMMITTED", "NEW");
        foreach ((TopicPartition partition, Offset offset) in plan.OrderBy(each => each.Key))
        {
            long? before = committed.TryGetValue(partition, out GroupOffset known) ? known.Offset.Value : null;
            if (!json)
            {
                table.Add(group, partition.Topic, $"{partition.Partition}", before is { } position ? $"{position}" : "-", $"{offset}");
                continue;
            }

            Console.WriteLine(
                Json.Line(writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteString("group", group);
                    writer.WriteString("topic", partition.Topic);
                    writer.WriteNumber("partition", partition.Partition);
                    writer.WriteNumber("new", offset.Value);
                    writer.WriteEndObject();
                })
            );
        }

        if (!json)
        {
            Console.Write(table);
        }
    }

    /// <summary>Where positions are moved to: exactly one of the options.</summary>
    private sealed class ResetTarget
    {
        private readonly Option<bool> _earliest = new("--to-earliest") { Description = "The first record." };
        private readonly Option<bool> _latest = new("--to-latest") { Description = "After the last record." };
        private readonly Option<bool> _current = new("--to-current")
        {
            Description = "Where they are; where none is committed, after the last record.",
        };
        private readonly Option<long?> _offset = new("--to-offset") { Description = "This offset." };
        private readonly Option<long?> _shift = new("--shift-by") { Description = "So many records on, or back for a negative number." };
        private readonly Option<string?> _time = new("--to-datetime")
        {
            Description = "The first record at or after a time, as 2026-11-29T16:00:00Z.",
        };
        private readonly Option<string?> _duration = new("--by-duration")
        {
            Description = "The first record of the last so long, as PT1H30M or P2D.",
        };
        private readonly Option<string?> _file = new("--from-file")
        {
            Description = "What a file says: topic,partition,offset, one a line.",
        };

        public void AddTo(Command command)
        {
            foreach (Option option in All)
            {
                command.Options.Add(option);
            }
        }

        private Option[] All => [_earliest, _latest, _current, _offset, _shift, _time, _duration, _file];

        public async Task<IReadOnlyDictionary<TopicPartition, Offset>> PlanAsync(
            ParseResult parsed,
            KafkaCluster cluster,
            IReadOnlyCollection<TopicPartition> partitions,
            IReadOnlyDictionary<TopicPartition, GroupOffset> committed
        )
        {
            Option[] given = [.. All.Where(option => parsed.GetResult(option) is { Implicit: false })];
            if (given.Length != 1)
            {
                throw new FormatException($"say where to: exactly one of {string.Join(", ", All.Select(option => option.Name))}");
            }

            if (parsed.GetValue(_file) is { } file)
            {
                Dictionary<TopicPartition, Offset> listed = await ReadFileAsync(file);
                return await BoundedAsync(cluster, listed);
            }

            if (parsed.GetValue(_earliest) || parsed.GetValue(_latest))
            {
                return Offsets(
                    await GroupPosition.FindAsync(cluster, partitions, parsed.GetValue(_earliest) ? OffsetSpec.Earliest : OffsetSpec.Latest)
                );
            }

            if (MomentOf(parsed) is { } moment)
            {
                return await AtAsync(cluster, partitions, moment);
            }

            IReadOnlyDictionary<TopicPartition, Offset> ends = Offsets(
                await GroupPosition.FindAsync(cluster, partitions, OffsetSpec.Latest)
            );
            Dictionary<TopicPartition, Offset> wanted = [];
            foreach (TopicPartition partition in partitions.Where(ends.ContainsKey))
            {
                Offset? known = committed.TryGetValue(partition, out GroupOffset position) ? position.Offset : null;
                wanted[partition] =
                    parsed.GetValue(_offset) is { } offset ? new Offset(offset)
                    : parsed.GetValue(_shift) is { } shift
                        ? (known ?? throw new FormatException($"{partition} has no position to shift; use --to-earliest or --to-latest"))
                            + shift
                    : known ?? ends[partition];
            }

            return await BoundedAsync(cluster, wanted);
        }

        private long? MomentOf(ParseResult parsed)
        {
            if (parsed.GetValue(_time) is { } time)
            {
                return DateTimeOffset.TryParse(time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at)
                    ? at.ToUnixTimeMilliseconds()
                    : throw new FormatException($"'{time}' is no time; write it as 2026-11-29T16:00:00Z");
            }

            if (parsed.GetValue(_duration) is { } text)
            {
                return TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - (long)XmlConvert.ToTimeSpan(text).TotalMilliseconds;
            }

            return null;
        }

        private static async Task<IReadOnlyDictionary<TopicPartition, Offset>> AtAsync(
            KafkaCluster cluster,
            IReadOnlyCollection<TopicPartition> partitions,
            long moment
        )
        {
            IReadOnlyDictionary<TopicPartition, FoundOffset> found = await GroupPosition.FindAsync(
                cluster,
                partitions,
                OffsetSpec.At(Math.Max(0, moment))
            );
            IReadOnlyDictionary<TopicPartition, Offset> ends = Offsets(
                await GroupPosition.FindAsync(cluster, partitions, OffsetSpec.Latest)
            );
            return found.ToDictionary(each => each.Key, each => each.Value.Offset == Offset.None ? ends[each.Key] : each.Value.Offset);
        }

        private static async Task<IReadOnlyDictionary<TopicPartition, Offset>> BoundedAsync(
            KafkaCluster cluster,
            Dictionary<TopicPartition, Offset> wanted
        )
        {
            IReadOnlyDictionary<TopicPartition, Offset> starts = Offsets(
                await GroupPosition.FindAsync(cluster, wanted.Keys, OffsetSpec.Earliest)
            );
            IReadOnlyDictionary<TopicPartition, Offset> ends = Offsets(
                await GroupPosition.FindAsync(cluster, wanted.Keys, OffsetSpec.Latest)
            );
            foreach (TopicPartition partition in wanted.Keys.Where(each => !starts.ContainsKey(each)))
            {
                throw new FormatException($"there is no partition {partition}");
            }

            return wanted.ToDictionary(each => each.Key, each => Offset.Min(Offset.Max(each.Value, starts[each.Key]), ends[each.Key]));
        }

        private static async Task<Dictionary<TopicPartition, Offset>> ReadFileAsync(string file)
        {
            Dictionary<TopicPartition, Offset> listed = [];
            int number = 0;
            foreach (string line in await File.ReadAllLinesAsync(file))
            {
                number++;
                string[] cells = line.Split(',', StringSplitOptions.TrimEntries);
                if (line.Trim().Length == 0)
                {
                    continue;
                }

                if (cells.Length != 3 || !int.TryParse(cells[1], out int partition) || !long.TryParse(cells[2], out long offset))
                {
                    throw new FormatException($"{file}, line {number}: '{line}' is not topic,partition,offset");
                }

                listed[new TopicPartition(cells[0], partition)] = new Offset(offset);
            }

            return listed;
        }

        private static IReadOnlyDictionary<TopicPartition, Offset> Offsets(IReadOnlyDictionary<TopicPartition, FoundOffset> found) =>
            found.ToDictionary(each => each.Key, each => each.Value.Offset);
    }
}
