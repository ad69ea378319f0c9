using System.CommandLine;
using RaftLog.Benchmarks;

RootCommand root = new("RaftLog's benchmarks. Run them on a machine that does nothing else.") { VersusKafkaCommand.Create(), StartUpCommand.Create() };
return await root.Parse(args).InvokeAsync();
