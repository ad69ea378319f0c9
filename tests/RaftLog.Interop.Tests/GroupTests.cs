using System.Text.Json;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Processes;
using RaftLog.Interop.Tests.Tools;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Interop.Tests;

/// <summary>Groups of real clients: members that come, go and die, and a coordinator that is killed.</summary>
public sealed class GroupTests
{
    private const string Topic = "shared";
    private const int Partitions = 6;
    private const int Step = 200;
    private const int AfterTheKill = 3_000;

    [PythonTheory]
    [InlineData("confluent-classic")]
    [InlineData("kafka-python")]
    [InlineData("aiokafka")]
    public async Task Members_that_join_and_die_miss_nothing_while_the_coordinator_is_killed(string library)
    {
        using Cluster cluster = await Cluster.StartAsync(3, new Dictionary<string, string> { ["group.initial.rebalance.delay.ms"] = "0" });
        await cluster.WatchAsync(async _ =>
        {
            await cluster.View.CreateTopicAsync(Topic, Partitions, replicas: 3);
            using Command first = Member(cluster, library);
            using Command second = Member(cluster, library);
            int produced = 0;
            await Poll.UntilAsync("two members read", async () =>
            {
                await ProduceAsync(cluster, produced, Step);
                produced += Step;
                return first.Said.Length > 0 && second.Said.Length > 0;
            });
            using Command third = Member(cluster, library);
            first.Send(Signal.Kill);
            NodeProcess coordinator = await CoordinatorAsync(cluster);
            await coordinator.KillAsync();
            await ProduceAsync(cluster, produced, AfterTheKill);
            produced += AfterTheKill;
            await Poll.UntilAsync("every record was read", () => Values(first, second, third).Count == produced);
            await coordinator.RestartAsync();

            second.Send(Signal.Terminate);
            third.Send(Signal.Terminate);
            (await second.EndAsync()).Succeeded();
            (await third.EndAsync()).Succeeded();
            MustAgree(produced, first, second, third);

            using JsonDocument group = JsonDocument.Parse((await Command.RunAsync(
                Repository.RaftLog, ["group", "describe", "readers", "--json", "--bootstrap-server", cluster.Bootstrap])).Succeeded().Output);
            Assert.Equal("Empty", group.RootElement.GetProperty("state").GetString());
            Assert.Equal(Partitions, group.RootElement.GetProperty("positions").GetArrayLength());
            Assert.All(group.RootElement.GetProperty("positions").EnumerateArray(), each => Assert.Equal(0, each.GetProperty("lag").GetInt64()));
        });
    }

    private static Command Member(Cluster cluster, string library) =>
        PythonClients.Start("group_member.py", library, cluster.Bootstrap, "readers", Topic);

    private static async Task ProduceAsync(Cluster cluster, int from, int count) => (await Kcat.RunAsync(
        cluster,
        ["-P", "-t", Topic, "-K", ":", "-X", "acks=all", "-X", "enable.idempotence=true"],
        string.Concat(Enumerable.Range(from, count).Select(i => $"k{i % 100}:{i}\n")))).Succeeded();

    private static HashSet<string> Values(params Command[] members) =>
        [.. members.SelectMany(Lines).Select(line => line.Split(' ')[2])];

    // The last line may still be on its way.
    private static IEnumerable<string> Lines(Command member) => member.Said.Split('\n')[..^1];

    // A record that was read again, since its commit was lost with a member or the coordinator, is the same record.
    private static void MustAgree(int produced, params Command[] members)
    {
        Dictionary<string, string> values = [];
        foreach (string[] cells in members.SelectMany(Lines).Select(line => line.Split(' ')))
        {
            string place = $"{cells[0]} {cells[1]}";
            Assert.Equal(cells[2], values.GetValueOrDefault(place, cells[2]));
            values[place] = cells[2];
        }

        Assert.Equal(produced, values.Count);
    }

    private static async Task<NodeProcess> CoordinatorAsync(Cluster cluster)
    {
        FindCoordinatorResponse found = await cluster.View.AskAsync(new FindCoordinatorRequest { KeyType = 0, CoordinatorKeys = ["readers"] });
        Assert.Equal(ErrorCode.None, found.Coordinators[0].ErrorCode);
        return cluster.Node(found.Coordinators[0].NodeId.Value);
    }
}

/// <summary>Kafka's tools about groups, and kcat's balanced consumer, against three nodes.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class GroupToolTests(SharedCluster shared)
{
    [KcatFact]
    public Task Kcat_goes_on_from_its_commit() => shared.WatchAsync(async cluster =>
    {
        await cluster.View.CreateTopicAsync("kcat-group", partitions: 3, replicas: 3);
        string[] consume = ["-G", "kcat-readers", "-X", "auto.offset.reset=earliest", "-e", "-q", "kcat-group"];
        (await Kcat.RunAsync(cluster, ["-P", "-t", "kcat-group"], "one\ntwo\nthree\n")).Succeeded();
        Assert.Equal(["one", "three", "two"], (await Kcat.RunAsync(cluster, consume)).Succeeded().Lines.Order());
        (await Kcat.RunAsync(cluster, ["-P", "-t", "kcat-group"], "four\n")).Succeeded();
        Assert.Equal(["four"], (await Kcat.RunAsync(cluster, consume)).Succeeded().Lines);
    });

    [KafkaToolsFact]
    public Task Kafkas_tools_read_describe_reset_and_delete_a_group() => shared.WatchAsync(async cluster =>
    {
        await cluster.View.CreateTopicAsync("tool-group", partitions: 2, replicas: 3);
        Assert.True(await cluster.View.TryProduceAsync("tool-group", 0, Wire.Batches.Of("a", "b", "c")));
        Assert.True(await cluster.View.TryProduceAsync("tool-group", 1, Wire.Batches.Of("d")));
        CommandResult read = (await KafkaTools.RunAsync(
            cluster, "console-consumer", "--topic", "tool-group", "--group", "tool-readers", "--from-beginning", "--max-messages", "4")).Succeeded();
        Assert.Equal(["a", "b", "c", "d"], read.Lines.Where(line => line.Length == 1).Order());

        (await KafkaTools.RunAsync(cluster, "groups", "--list")).Succeeded().Saying("tool-readers").Saying("Classic");
        (await KafkaTools.RunAsync(cluster, "consumer-groups", "--describe", "--group", "tool-readers")).Succeeded()
            .Saying("has no active members").Saying("tool-group");
        (await KafkaTools.RunAsync(cluster, "consumer-groups", "--describe", "--group", "tool-readers", "--state")).Succeeded().Saying("Empty");
        (await KafkaTools.RunAsync(
            cluster, "consumer-groups", "--reset-offsets", "--group", "tool-readers", "--topic", "tool-group:0", "--to-offset", "1", "--execute")).Succeeded();
        CommandResult plan = (await Command.RunAsync(
            Repository.RaftLog,
            ["group", "reset-offsets", "tool-readers", "--all-topics", "--shift-by", "1", "--bootstrap-server", cluster.Bootstrap])).Succeeded();
        plan.Saying("tool-readers  tool-group  0          1          2");
        (await KafkaTools.RunAsync(cluster, "consumer-groups", "--delete-offsets", "--group", "tool-readers", "--topic", "tool-group:1")).Succeeded();
        (await KafkaTools.RunAsync(cluster, "consumer-groups", "--delete", "--group", "tool-readers")).Succeeded().Saying("successful");
        (await KafkaTools.RunAsync(cluster, "consumer-groups", "--list")).Succeeded().NotSaying("tool-readers");
    });
}
