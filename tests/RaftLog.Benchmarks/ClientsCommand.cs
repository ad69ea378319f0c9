using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Benchmarks;

/// <summary>
/// <c>clients</c>: RaftLog.Client beside Confluent.Kafka and Kafka's Java client, each in a process of its own, against the same node over
/// loopback TCP with the same settings. The order turns with each round; what stands in the topic afterwards is counted. Beside awaited
/// produces stands a bare exchange of as many bytes.
/// </summary>
internal static class ClientsCommand
{
    private const string Own = "RaftLog.Client";
    private const string Confluent = "Confluent.Kafka";
    private const string Java = "Kafka's Java client";
    private const string Bare = "TCP ping-pong";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly string[] Loads = ["produce", "consume", "await", "transactions"];

    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<int> records = new("--records")
        {
            Description = "Records to produce and to consume; a fiftieth of them one by one, a thousandth in transactions.",
            DefaultValueFactory = _ => 1_000_000,
        };
        Option<int> rounds = new("--rounds") { Description = "How often each load is run.", DefaultValueFactory = _ => 3 };
        Option<int[]> bytes = new("--bytes")
        {
            Description = "Sizes of values.",
            DefaultValueFactory = _ => [100, 1000],
            AllowMultipleArgumentsPerToken = true,
        };
        Option<int[]> partitions = new("--partitions")
        {
            Description = "Numbers of partitions.",
            DefaultValueFactory = _ => [1, 12],
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string[]> acks = new("--acks")
        {
            Description = "1, all.",
            DefaultValueFactory = _ => ["1", "all"],
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string[]> loads = new("--load")
        {
            Description = $"Only these: {string.Join(", ", Loads)}.",
            DefaultValueFactory = _ => Loads,
            AllowMultipleArgumentsPerToken = true,
        };
        System.CommandLine.Command command = new(
            "clients",
            "Compares RaftLog.Client with Confluent.Kafka and, with RAFTLOG_PEERS, with Kafka's Java client."
        )
        {
            records,
            rounds,
            bytes,
            partitions,
            acks,
            loads,
        };
        command.SetAction(async parsed =>
        {
            string directory = Directory.CreateTempSubdirectory("raftlog-clients-").FullName;
            Console.WriteLine($"{Machine.Describe()}; one node of RaftLog, unflushed\n");
            Console.WriteLine(
                "| Load | Bytes | Partitions | acks | Client | records/s | µs CPU a record | p50 ms | p99 ms | bytes allocated a record |"
            );
            Console.WriteLine("|---|---:|---:|---|---|---:|---:|---:|---:|---:|");
            await using (
                IRunningCluster cluster = await new RaftLogSystem().StartAsync(
                    Path.Combine(directory, "node"),
                    new ClusterShape(1, ClusterShape.NeverFlush)
                )
            )
            {
                foreach (
                    (string load, int size, int count, string ack) in from load in parsed.GetValue(loads) ?? []
                    from size in parsed.GetValue(bytes) ?? []
                    from count in parsed.GetValue(partitions) ?? []
                    from ack in parsed.GetValue(acks) ?? []
                    where ack == "all" || load is "produce" or "await"
                    select (load, size, count, ack)
                )
                {
                    await CompareAsync(
                        cluster.Bootstrap,
                        load,
                        Of(load, parsed.GetValue(records)),
                        size,
                        count,
                        ack,
                        parsed.GetValue(rounds)
                    );
                }
            }

            Directory.Delete(directory, recursive: true);
            return 0;
        });
        return command;
    }

    private static int Of(string load, int records) =>
        load switch
        {
            "await" => Math.Max(1000, records / 50),
            "transactions" => Math.Max(200, records / 1000),
            _ => records,
        };

    private static async Task CompareAsync(string bootstrap, string load, int records, int size, int partitions, string acks, int rounds)
    {
        using KafkaCluster cluster = new(new ClientOptions { BootstrapServers = ClientOptions.ParseServers(bootstrap) });
        string[] clients = [Own, Confluent, .. Peers.Folder is null ? [] : new[] { Java }, .. load == "await" ? new[] { Bare } : []];
        Dictionary<string, List<double[]>> figures = clients.ToDictionary(client => client, _ => new List<double[]>());
        string filled = $"{load}-{size}-{partitions}-{acks}";
        if (load == "consume")
        {
            await CreateAsync(cluster, filled, partitions);
            await RunAsync(Own, "produce", bootstrap, filled, records, size, acks);
        }

        for (int round = 0; round < rounds; round++)
        {
            int first = round % clients.Length;
            foreach (string client in clients[first..].Concat(clients[..first]))
            {
                if (client == Bare)
                {
                    figures[client].Add(await ExchangeAsync(records, size));
                    continue;
                }

                string topic = filled;
                if (load != "consume")
                {
                    topic = $"{filled}-{round}-{Array.IndexOf(clients, client)}";
                    await CreateAsync(cluster, topic, partitions);
                }

                figures[client].Add(await RunAsync(client, load, bootstrap, topic, records, size, acks));
                if (load is "produce" or "await")
                {
                    await CountAsync(cluster, topic, partitions, records);
                }
            }
        }

        int measured = load == "await" ? records - 200 : records;
        foreach ((string client, List<double[]> each) in figures)
        {
            double Median(int column) => each.Select(figure => figure.ElementAtOrDefault(column)).Order().ElementAt(each.Count / 2);
            Console.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {load} | {size} | {partitions} | {acks} | {client} | {measured / Median(0):0} | "
                        + $"{Median(1) / measured * 1e6:0.00} | {Median(2):0.000} | {Median(3):0.000} | "
                        + $"{(client == Own ? Median(4) : double.NaN):0.0} |"
                )
            );
        }
    }

    private static async Task<double[]> RunAsync(
        string client,
        string load,
        string bootstrap,
        string topic,
        int records,
        int size,
        string acks
    )
    {
        string[] arguments = [load, bootstrap, topic, $"{records}", $"{size}", acks];
        CommandResult result = client switch
        {
            Own => await TestKit.Command.RunAsync(Environment.ProcessPath!, ["client-load", .. arguments], patience: Patience),
            Java => await TestKit.Command.RunAsync(
                "java",
                [
                    "-Xmx2g",
                    "-cp",
                    Path.Combine(Peers.Folder!, "kafka", "libs", "*"),
                    Path.Combine(Repository.Root, "tests", "RaftLog.Benchmarks", "Java", "ClientLoad.java"),
                    .. arguments,
                ],
                patience: Patience
            ),
            _ => await TestKit.Command.RunAsync(
                Repository.BuiltProgram("tests/RaftLog.Interop.Clients", "interop-client"),
                ["confluent", "load", .. arguments],
                patience: Patience
            ),
        };
        return [.. result.Succeeded().Lines[^1].Split(' ').Select(figure => double.Parse(figure, CultureInfo.InvariantCulture))];
    }

    private static async Task<double[]> ExchangeAsync(int records, int size)
    {
        using Socket listener = PingPong.Listen();
        Task serving = PingPong.ServeAsync(listener, size + PingPong.RequestOverhead);
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        double[] figures = await RunAsync(Own, "ping-pong", $"127.0.0.1:{port}", $"{port}", records, size, "1");
        listener.Dispose();
        await serving;
        return figures;
    }

    private static async Task CreateAsync(KafkaCluster cluster, string topic, int partitions) =>
        (await cluster.Admin.CreateTopicsAsync([new NewTopic(topic, partitions, 1)]))[0].ThrowIfFailed();

    private static async Task CountAsync(KafkaCluster cluster, string topic, int partitions, int records)
    {
        IReadOnlyDictionary<TopicPartition, FoundOffset> ends = await cluster.Admin.ListOffsetsAsync(
            Enumerable.Range(0, partitions).ToDictionary(partition => new TopicPartition(topic, partition), _ => OffsetSpec.Latest)
        );
        long stands = ends.Values.Sum(end => end.Offset.Value);
        if (stands != records)
        {
            throw new InvalidOperationException($"{stands} records stand in {topic} instead of {records}");
        }
    }
}
