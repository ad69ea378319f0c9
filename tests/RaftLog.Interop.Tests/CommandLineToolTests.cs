using RaftLog.Interop.Tests.Clusters;

namespace RaftLog.Interop.Tests;

/// <summary><c>raftlog</c> among other programs of a shell.</summary>
[Collection(SharedClusterCollection.Name)]
public sealed class CommandLineToolTests(SharedCluster shared)
{
    [Fact]
    public Task Consume_ends_with_the_program_that_reads_its_output() =>
        shared.WatchAsync(async cluster =>
        {
            await cluster.View.CreateTopicAsync("piped", partitions: 1, replicas: 3);
            Assert.True(await cluster.View.TryProduceAsync("piped", 0, RawBatches.Of("first", "second", "third")));
            string script =
                $"'{Repository.RaftLog}' consume piped --from-beginning --bootstrap-server 127.0.0.1:{cluster.Nodes[0].Port} | head -n 1";

            CommandResult read = (await Command.RunAsync("/bin/sh", ["-c", script])).Succeeded();

            Assert.Equal(["first"], read.Lines);
        });
}
