using System.Globalization;
using System.Text.Json;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Interop.Tests.Tools;

namespace RaftLog.Interop.Tests;

/// <summary>.NET frameworks over Confluent.Kafka against three nodes, with processes that are killed.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class FrameworkTests(SharedCluster shared)
{
    private const int Lines = 2_000;
    private const int Orders = 100;
    private static readonly string[] Words = ["log", "leader", "epoch", "offset", "replica"];

    [KcatFact]
    public Task Streamiz_counts_joined_words_exactly_once_while_it_and_a_node_are_killed() =>
        shared.WatchAsync(async cluster =>
        {
            foreach (string topic in (string[])["authors", "lines", "word-counts"])
            {
                await cluster.View.CreateTopicAsync(topic, partitions: 2, replicas: 3);
            }

            await SendAsync(cluster, "authors", Enumerable.Range(0, 10).Select(i => $"k{i}:author{i % 3}"));
            using Command first = Count(cluster, "a");

            // A line whose author is not known yet would be joined with nobody.
            await Poll.UntilAsync("the authors are read", async () => await LagAsync(cluster, "word-count", "authors") == 0);
            await SendAsync(cluster, "lines", Text(0, Lines / 2));
            await Poll.UntilAsync("words are counted", async () => (await CountsAsync(cluster)).Count > 0);
            first.Send(Signal.Kill);
            NodeProcess node = (await cluster.View.LeaderAsync("lines", 0))!;
            await node.KillAsync();
            await SendAsync(cluster, "lines", Text(Lines / 2, Lines));
            using Command second = Count(cluster, "b");
            await node.RestartAsync();
            Dictionary<string, long> expected = Expected();
            await Poll.UntilAsync("all words are counted", async () => (await CountsAsync(cluster)).Values.Sum() >= expected.Values.Sum());
            second.Send(Signal.Terminate);
            (await second.EndAsync()).Succeeded();
            Assert.Equal(expected.OrderBy(each => each.Key), (await CountsAsync(cluster)).OrderBy(each => each.Key));
        });

    [KcatFact]
    public Task Wolverine_handles_tries_again_and_gives_up_to_the_dead_letters() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("orders", partitions: 3, replicas: 3);
            await SendAsync(cluster, "orders", Enumerable.Range(0, Orders / 2).Select(Order));
            using Command first = Command.Start(DotNetClients.FrameworkProgram, ["wolverine", cluster.Bootstrap, "orders"]);
            await Poll.UntilAsync("orders are handled", () => first.HasEnded || first.Said.Contains("handled", StringComparison.Ordinal));
            first.Send(Signal.Kill);
            await SendAsync(cluster, "orders", Enumerable.Range(Orders / 2, Orders / 2).Select(Order));
            using Command second = Command.Start(DotNetClients.FrameworkProgram, ["wolverine", cluster.Bootstrap, "orders"]);
            int[] good = [.. Enumerable.Range(0, Orders).Where(number => number % 10 != 7)];
            await Poll.UntilAsync("all good orders are handled", () => second.HasEnded || good.All(Handled(first, second).Contains));
            int[] dead = [.. Enumerable.Range(0, Orders).Where(number => number % 10 == 7)];
            await Poll.UntilAsync("the others are given up", async () => dead.All((await DeadAsync(cluster)).Contains));
            second.Send(Signal.Terminate);
            (await second.EndAsync()).Succeeded();
            Assert.DoesNotContain(Handled(first, second), number => number % 10 == 7);
            Assert.All(await DeadAsync(cluster), number => Assert.Equal(7, number % 10));
        });

    private static Command Count(Cluster cluster, string run) =>
        Command.Start(
            DotNetClients.FrameworkProgram,
            ["streamiz", cluster.Bootstrap, "lines", "authors", "word-counts", Path.Combine(cluster.Scratch, $"streamiz-{run}")]
        );

    private static IEnumerable<string> Text(int from, int to) =>
        Enumerable.Range(from, to - from).Select(i => $"k{i % 10}:{Words[i % Words.Length]} {Words[i / 7 % Words.Length]}");

    private static Dictionary<string, long> Expected()
    {
        Dictionary<string, long> counts = [];
        foreach (string line in Text(0, Lines))
        {
            string[] cells = line.Split(':');
            foreach (string word in cells[1].Split(' '))
            {
                string key = $"author{int.Parse(cells[0][1..], CultureInfo.InvariantCulture) % 3} {word}";
                counts[key] = counts.GetValueOrDefault(key) + 1;
            }
        }

        return counts;
    }

    private static async Task<Dictionary<string, long>> CountsAsync(Cluster cluster)
    {
        Dictionary<string, long> counts = [];
        foreach (string[] cells in (await ReadAsync(cluster, "word-counts", "%k=%s\n")).Select(line => line.Split('=')))
        {
            counts[cells[0]] = long.Parse(cells[1], CultureInfo.InvariantCulture);
        }

        return counts;
    }

    private static string Order(int number) => $"k{number}:{{\"Number\":{number}}}";

    private static HashSet<int> Handled(params Command[] hosts) =>
        [
            .. hosts
                .SelectMany(host => host.Said.Split('\n')[..^1])
                .Where(line => line.StartsWith("handled ", StringComparison.Ordinal))
                .Select(line => int.Parse(line["handled ".Length..], CultureInfo.InvariantCulture)),
        ];

    private static async Task<HashSet<int>> DeadAsync(Cluster cluster)
    {
        HashSet<int> numbers = [];
        foreach (string line in await ReadAsync(cluster, "wolverine-dead-letter-queue", "%s\n"))
        {
            using JsonDocument order = JsonDocument.Parse(line);
            numbers.Add(order.RootElement.GetProperty("Number").GetInt32());
        }

        return numbers;
    }

    private static async Task<string[]> ReadAsync(Cluster cluster, string topic, string format) =>
        (
            await Kcat.RunAsync(
                cluster,
                ["-C", "-t", topic, "-o", "beginning", "-e", "-q", "-X", "isolation.level=read_committed", "-f", format]
            )
        )
            .Succeeded()
            .Lines;

    private static async Task SendAsync(Cluster cluster, string topic, IEnumerable<string> lines) =>
        (
            await Kcat.RunAsync(
                cluster,
                ["-P", "-t", topic, "-K", ":", "-X", "acks=all", "-X", "enable.idempotence=true"],
                string.Join('\n', lines) + "\n"
            )
        ).Succeeded();

    private static async Task<long?> LagAsync(Cluster cluster, string group, string topic)
    {
        CommandResult said = await Command.RunAsync(
            Repository.RaftLog,
            ["group", "describe", group, "--json", "--bootstrap-server", cluster.Bootstrap]
        );
        if (said.ExitCode != 0)
        {
            return null;
        }

        using JsonDocument described = JsonDocument.Parse(said.Output);
        JsonElement[] positions =
        [
            .. described
                .RootElement.GetProperty("positions")
                .EnumerateArray()
                .Where(each => each.GetProperty("topic").GetString() == topic),
        ];
        return positions.Length == 0 ? null : positions.Sum(each => each.GetProperty("lag").GetInt64());
    }
}
