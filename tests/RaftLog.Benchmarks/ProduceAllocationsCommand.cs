using System.CommandLine;
using System.Globalization;
using RaftLog.Benchmarks.Load;
using RaftLog.Benchmarks.Measuring;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Testing;

namespace RaftLog.Benchmarks;

/// <summary>
/// <c>produce-allocations</c>: how many bytes of managed memory a node allocates for one Produce request. Node and client are one process;
/// the client sends requests that it made before, over a bare socket, and allocates nothing.
/// </summary>
internal static class ProduceAllocationsCommand
{
    private const string Topic = "allocations";
    private const int WarmUp = 4_000;

    /// <summary>Makes the command.</summary>
    public static System.CommandLine.Command Create()
    {
        Option<int> requests = new("--requests") { Description = "Requests to measure.", DefaultValueFactory = _ => 20_000 };
        Option<int> partitions = new("--partitions") { Description = "Partitions in each request.", DefaultValueFactory = _ => 6 };
        Option<short> acks = new("--acks") { Description = "-1, 0 or 1.", DefaultValueFactory = _ => -1 };
        Option<int[]> inFlight = new("--in-flight")
        {
            Description = "Requests under way at once.",
            DefaultValueFactory = _ => [1, 5],
            AllowMultipleArgumentsPerToken = true,
        };
        Option<bool> byType = new("--by-type") { Description = "Says which types are allocated, by samples." };
        System.CommandLine.Command command = new("produce-allocations", "Counts the bytes that a node allocates for a Produce request.")
        {
            requests,
            partitions,
            acks,
            inFlight,
            byType,
        };
        command.SetAction(parsed =>
            RunAsync(
                parsed.GetValue(requests),
                parsed.GetValue(partitions),
                parsed.GetValue(acks),
                parsed.GetValue(inFlight) ?? [],
                parsed.GetValue(byType)
            )
        );
        return command;
    }

    private static async Task<int> RunAsync(int requests, int partitions, short acks, int[] inFlight, bool byType)
    {
        string folder = Directory.CreateTempSubdirectory("raftlog-allocations-").FullName;
        await using (EmbeddedCluster cluster = await EmbeddedCluster.StartAsync(new EmbeddedClusterOptions { Folder = folder }))
        {
            using KafkaCluster client = cluster.Connect();
            await client.Admin.CreateTopicsAsync([new NewTopic(Topic, partitions, 1)]);
            Console.WriteLine("| requests under way | bytes a request | collections |\n|---:|---:|---:|");
            int producer = 1;
            foreach (int many in inFlight)
            {
                using PreparedProduces produces = new(cluster.BootstrapServers, Topic, partitions, acks, producer++, WarmUp + requests);
                produces.Send(WarmUp, many);
                using AllocationSamples? samples = byType ? new AllocationSamples() : null;
                long collections = GC.CollectionCount(0);
                long before = GC.GetTotalAllocatedBytes(precise: true);
                produces.Send(requests, many);
                long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
                Console.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"| {many} | {(double)allocated / requests:0.0} | {GC.CollectionCount(0) - collections} |"
                    )
                );
                samples?.Print(Console.Error);
            }
        }

        Directory.Delete(folder, recursive: true);
        return 0;
    }
}
