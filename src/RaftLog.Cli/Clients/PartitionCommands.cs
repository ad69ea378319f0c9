using System.CommandLine;
using System.Globalization;
using RaftLog.Cli.Clients.Reassignments;
using RaftLog.Cli.Output;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Client.Cluster;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients;

/// <summary><c>raftlog partition reassign plan | execute | verify | cancel</c>: moves partitions between brokers (KIP-455).</summary>
internal static class PartitionCommands
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static Command Create() =>
        new("partition", "Move partitions between brokers, and between the log directories of one.")
        {
            MoveDirCommand.Create(),
            new Command("reassign", "Plan, begin, watch and stop moves of partitions.") { Plan(), Execute(), Verify(), Cancel() },
        };

    private static Argument<string> File =>
        new("plan-file") { Description = "A plan as 'reassign plan' or Kafka's reassign-partitions writes it." };

    private static Command Plan()
    {
        Option<string> topics = new("--topics")
        {
            Description = "The topics, with commas between them; all but internal ones when absent.",
        };
        Option<string> brokers = new("--brokers") { Description = "The brokers' ids, with commas between them; all when absent." };
        Command command = new("plan", "Print a plan that shares topics out evenly to brokers and moves as little as it can.")
        {
            topics,
            brokers,
        };
        return ClientCommand.Add(
            command,
            async (cluster, parsed, _, cancel) =>
            {
                IReadOnlyList<BrokerView> chosen = Choose(
                    (await cluster.Admin.DescribeClusterAsync(cancel)).Brokers,
                    parsed.GetValue(brokers)
                );
                IReadOnlyList<TopicDescription> described = parsed.GetValue(topics) is { } names
                    ? await cluster.Admin.DescribeTopicsAsync(
                        names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
                        cancel
                    )
                    : await cluster.Admin.ListTopicsAsync(includeInternal: false, cancel);
                if (described.FirstOrDefault(topic => topic.Error != ErrorCode.None) is { } unknown)
                {
                    throw new KafkaException(
                        unknown.Error,
                        $"topic {unknown.Name} cannot be planned; 'raftlog topic list' shows what there is"
                    );
                }

                SortedDictionary<TopicPartition, IReadOnlyList<NodeId>> plan = ReassignmentPlan.Make(described, chosen);
                Console.WriteLine(ReassignmentFile.Write(plan));
                IEnumerable<(TopicPartition Partition, IReadOnlyList<NodeId> Replicas)> now = described.SelectMany(topic =>
                    topic.Partitions.Select(each => (new TopicPartition(topic.Name, each.Index), each.Replicas))
                );
                int moved = now.Count(each => each.Replicas.Except(plan[each.Partition]).Any());
                Console.Error.WriteLine(
                    $"{moved} of {plan.Count} partitions would move; 'raftlog partition reassign execute FILE' begins."
                );
                return ExitCode.Ok;
            }
        );
    }

    private static Command Execute()
    {
        Argument<string> file = File;
        Option<bool> wait = new("--wait") { Description = "Show the progress until all partitions are where they shall be." };
        return ClientCommand.Add(
            new Command("execute", "Begin the moves of a plan.") { file, wait },
            async (cluster, parsed, json, cancel) =>
            {
                IReadOnlyDictionary<TopicPartition, PlannedReplicas> plan = ReassignmentFile.Read(parsed.GetValue(file)!);

                // First: a replica that is to come is made where the broker was told.
                bool isPlaced = await PlaceAsync(cluster, plan, cancel);
                IReadOnlyList<ItemResult<TopicPartition>> results = await cluster.Admin.Reassignments.AlterAsync(
                    plan.ToDictionary(each => each.Key, each => (IReadOnlyList<NodeId>?)each.Value.Brokers),
                    cancel
                );
                if (!Report(results, "begun") || !isPlaced)
                {
                    return ExitCode.Failed;
                }

                return parsed.GetValue(wait) ? await WatchAsync(cluster, plan, json, cancel) : ExitCode.Ok;
            }
        );
    }

    private static Command Verify()
    {
        Argument<string> file = File;
        Command command = new("verify", "Show how far the moves of a plan are; succeeds once all are done.") { file };
        return ClientCommand.Add(
            command,
            async (cluster, parsed, json, cancel) =>
            {
                IReadOnlyDictionary<TopicPartition, PlannedReplicas> plan = ReassignmentFile.Read(parsed.GetValue(file)!);
                IReadOnlyList<ReassignmentState> states = await ReassignmentState.ReadAsync(cluster, plan, cancel);
                Print(states, json);
                return states.All(state => state.IsDone) ? ExitCode.Ok : ExitCode.Failed;
            }
        );
    }

    private static Command Cancel()
    {
        Argument<string> file = File;
        Command command = new("cancel", "Stop the moves of a plan that are under way; the partitions stay where they were.") { file };
        return ClientCommand.Add(
            command,
            async (cluster, parsed, _, cancel) =>
            {
                IReadOnlyDictionary<TopicPartition, PlannedReplicas> plan = ReassignmentFile.Read(parsed.GetValue(file)!);
                Dictionary<TopicPartition, IReadOnlyList<NodeId>?> moving = (await cluster.Admin.Reassignments.ListAsync(cancel))
                    .Where(each => plan.ContainsKey(each.Partition))
                    .ToDictionary(each => each.Partition, _ => (IReadOnlyList<NodeId>?)null);
                int kept = await KeepAsync(cluster, plan, cancel);
                if (moving.Count == 0 && kept > 0)
                {
                    Console.WriteLine($"stopped: {kept} moves between log directories");
                    return ExitCode.Ok;
                }

                if (moving.Count == 0)
                {
                    Console.WriteLine("nothing of this plan is moving");
                    return ExitCode.Ok;
                }

                return Report(await cluster.Admin.Reassignments.AlterAsync(moving, cancel), "stopped") ? ExitCode.Ok : ExitCode.Failed;
            }
        );
    }

    /// <summary>
    /// Tells brokers in which of their log directories the replicas shall lie, those that they do not have yet included; false when one
    /// has rejected.
    /// </summary>
    private static async Task<bool> PlaceAsync(
        KafkaCluster cluster,
        IReadOnlyDictionary<TopicPartition, PlannedReplicas> plan,
        CancellationToken cancel
    )
    {
        bool isPlaced = true;
        foreach (
            IGrouping<(NodeId Broker, string Directory), TopicPartition> there in plan.SelectMany(each =>
                    each.Value.Placed.Select(place => (Place: place, Partition: each.Key))
                )
                .GroupBy(each => each.Place, each => each.Partition)
        )
        {
            foreach (
                ItemResult<TopicPartition> result in await cluster.Admin.LogDirs.MoveAsync(
                    there.Key.Broker,
                    there.Key.Directory,
                    [.. there],
                    cancel
                )
            )
            {
                // What the broker does not have yet it will make there.
                if (result.Error is not (ErrorCode.None or ErrorCode.ReplicaNotAvailable))
                {
                    isPlaced = false;
                    Console.Error.WriteLine(
                        $"{result.Item} cannot lie in {there.Key.Directory} of broker {there.Key.Broker}: {result.Message}"
                    );
                }
            }
        }

        return isPlaced;
    }

    /// <summary>Gives up the moves between log directories that a plan has begun; how many there were.</summary>
    private static async Task<int> KeepAsync(
        KafkaCluster cluster,
        IReadOnlyDictionary<TopicPartition, PlannedReplicas> plan,
        CancellationToken cancel
    )
    {
        ReplicaPlaces places = await ReplicaPlaces.ReadAsync(cluster, plan, cancel);
        int kept = 0;
        foreach ((TopicPartition partition, PlannedReplicas planned) in plan)
        {
            foreach ((NodeId broker, string directory) in planned.Placed)
            {
                if (places.CopyOf(broker, partition) == directory && places.Of(broker, partition) is { } present)
                {
                    (await cluster.Admin.LogDirs.MoveAsync(broker, present, [partition], cancel))[0].ThrowIfFailed();
                    kept++;
                }
            }
        }

        return kept;
    }

    private static IReadOnlyList<BrokerView> Choose(IReadOnlyList<BrokerView> all, string? ids)
    {
        if (ids is null)
        {
            return all;
        }

        List<BrokerView> chosen = [];
        foreach (
            string id in ids.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Distinct(StringComparer.Ordinal)
        )
        {
            bool isNumber = int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            chosen.Add(
                isNumber && all.FirstOrDefault(broker => broker.Id.Value == number) is { } broker
                    ? broker
                    : throw new FormatException(
                        $"--brokers {id}: there is no such broker; there are {string.Join(',', all.Select(each => each.Id))}"
                    )
            );
        }

        return [.. chosen.OrderBy(broker => broker.Id.Value)];
    }

    private static bool Report(IReadOnlyList<ItemResult<TopicPartition>> results, string what)
    {
        foreach (ItemResult<TopicPartition> failed in results.Where(result => !result.Succeeded))
        {
            Console.Error.WriteLine($"{failed.Item}: {failed.Message}");
        }

        Console.WriteLine($"{what}: {results.Count(result => result.Succeeded)} of {results.Count} partitions");
        return results.All(result => result.Succeeded);
    }

    private static async Task<int> WatchAsync(
        KafkaCluster cluster,
        IReadOnlyDictionary<TopicPartition, PlannedReplicas> plan,
        bool json,
        CancellationToken cancel
    )
    {
        int done = -1;
        while (true)
        {
            IReadOnlyList<ReassignmentState> states = await ReassignmentState.ReadAsync(cluster, plan, cancel);
            if (states.All(state => !state.IsUnderWay))
            {
                Print(states, json);
                return states.All(state => state.IsDone) ? ExitCode.Ok : ExitCode.Failed;
            }

            if (states.Count(state => state.IsDone) is var now && now != done)
            {
                done = now;
                Console.Error.WriteLine($"{done} of {states.Count} partitions are where they shall be");
            }

            await Task.Delay(Pause, TimeProvider.System, cancel);
        }
    }

    private static void Print(IReadOnlyList<ReassignmentState> states, bool json)
    {
        Table table = new("TOPIC", "PARTITION", "STATE", "REPLICAS", "PLANNED", "IN SYNC");
        foreach (ReassignmentState state in states)
        {
            table.Add(
                state.Partition.Topic,
                $"{state.Partition.Partition}",
                state.Text,
                string.Join(',', state.Replicas),
                string.Join(',', state.Planned.Brokers),
                $"{state.InSync} of {state.Planned.Brokers.Count}"
            );
            if (json)
            {
                Console.WriteLine(
                    Json.Line(writer =>
                    {
                        writer.WriteStartObject();
                        writer.WriteString("topic", state.Partition.Topic);
                        writer.WriteNumber("partition", state.Partition.Partition);
                        writer.WriteString("state", state.Text);
                        writer.WriteNumbers("replicas", state.Replicas.Select(node => node.Value));
                        writer.WriteNumbers("planned", state.Planned.Brokers.Select(node => node.Value));
                        writer.WriteNumber("inSync", state.InSync);
                        writer.WriteEndObject();
                    })
                );
            }
        }

        if (!json)
        {
            Console.Write(table);
        }
    }
}
