using System.CommandLine;
using RaftLog.Benchmarks;

// Before anything of this program is loaded.
return args is [StartUpCommand.EmptyProgram] ? 0 : await RunAsync(args);

static Task<int> RunAsync(string[] args)
{
    RootCommand root = new("RaftLog's benchmarks. Run them on a machine that does nothing else.")
    {
        VersusKafkaCommand.Create(),
        StartUpCommand.Create(),
        ManyPartitionsCommand.Create(),
        ProduceAllocationsCommand.Create(),
        ReadingCommand.Create(),
        VersusDotNextCommand.Create(),
        FailoversCommand.Create(),
        RaftLog.Benchmarks.ReplicatedLogs.DotNextNode.Create(),
        StorageCommand.Create(),
        CompactionCommand.Create(),
        ClientsCommand.Create(),
        CoordinatorsCommand.Create(),
        OwnLoadCommand.Create(),
        EmbeddedClusterCommand.Create(),
    };
    return root.Parse(args).InvokeAsync();
}
