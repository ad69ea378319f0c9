using System.CommandLine;
using System.Globalization;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Benchmarks.Systems;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Benchmarks;

/// <summary>
/// <c>clients</c>: RaftLog.Client beside Confluent.Kafka, each in a process of its own, against the same node over loopback TCP with the
/// same settings. Every second round begins with the other client; what stands in the topic afterwards is counted.
/// </summary>
internal static class ClientsCommand
{
    private const string Own = "RaftLog.Client";
    private const string Confluent = "Confluent.Kafka";
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
        System.CommandLine.Command command = new("clients", "Compares RaftLog.Client with Confluent.Kafka.")
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
        Dictionary<string, List<double[]>> figures = new() { [Own] = [], [Confluent] = [] };
        string filled = $"{load}-{size}-{partitions}-{acks}";
        if (load == "consume")
        {
            await CreateAsync(cluster, filled, partitions);
            await RunAsync(Own, "produce", bootstrap, filled, records, size, acks);
        }

        for (int round = 0; round < rounds; round++)
        {
            foreach (string client in round % 2 == 0 ? new[] { Own, Confluent } : [Confluent, Own])
            {
                string topic = filled;
                if (load != "consume")
                {
                    topic = $"{filled}-{round}-{client}";
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
                        + $"{(client == Own ? Median(4) / measured : double.NaN):0.0} |"
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
        CommandResult result =
            client == Own
                ? await TestKit.Command.RunAsync(Environment.ProcessPath!, ["client-load", .. arguments])
                : await TestKit.Command.RunAsync(
                    Repository.BuiltProgram("tests/RaftLog.Interop.Clients", "interop-client"),
                    ["confluent", "load", .. arguments]
                );
        return [.. result.Succeeded().Lines[^1].Split(' ').Select(figure => double.Parse(figure, CultureInfo.InvariantCulture))];
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
