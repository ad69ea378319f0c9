using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>Directories that cannot be a node's as they are: it does not start, and says what to do.</summary>
public sealed class WrongDirectoriesTests
{
    private const string OneNode = """
        {
          "nodes": [ {
            "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/a,/b", "metadata.log.dir": "/meta"
          } ]
        }
        """;

    private const string Log = "__cluster_metadata-0";

    private readonly InMemoryNetwork _network = new(TimeProvider.System);

    [Fact]
    public async Task A_copy_of_a_directory_is_none_of_its_own()
    {
        using NodesInMemory nodes = await StoppedAsync();
        InMemoryDisk disk = nodes.All[0].Disk;
        MetaProperties meta = MetaProperties.Read(disk, "/a")!;
        await meta.WriteAsync(disk, "/b");
        string reason = await RejectionAsync(nodes);
        Assert.Contains($"/a and /b have the same directory.id={meta.DirectoryId}", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_metadata_log_that_lies_elsewhere_is_not_begun_anew()
    {
        using NodesInMemory nodes = await StoppedAsync();
        nodes.All[0].Disk.Rename($"/meta/{Log}", $"/b/{Log}");
        string reason = await RejectionAsync(nodes);
        Assert.Contains("/b holds the metadata log", reason, StringComparison.Ordinal);
        Assert.Contains("set metadata.log.dir=/b", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_voter_whose_metadata_log_is_gone_does_not_begin_anew()
    {
        using NodesInMemory nodes = await StoppedAsync();
        nodes.All[0].Disk.DeleteDirectory($"/meta/{Log}");
        string reason = await RejectionAsync(nodes);
        Assert.Contains($"/meta/{Log} is gone", reason, StringComparison.Ordinal);
        Assert.Contains("A lost node", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_is_not_formatted_is_named_with_what_to_do()
    {
        using NodesInMemory nodes = await StoppedAsync();
        nodes.All[0].Disk.DeleteFile($"/b/{MetaProperties.FileName}");
        Assert.Contains("/b is not formatted", await RejectionAsync(nodes), StringComparison.Ordinal);
    }

    private static async Task<string> RejectionAsync(NodesInMemory nodes) =>
        (await Assert.ThrowsAsync<NodeStartException>(nodes.All[0].StartAsync)).Message;

    private async Task<NodesInMemory> StoppedAsync()
    {
        NodesInMemory nodes = new(OneNode, _network);
        await nodes.StartAsync();
        await nodes.StopAsync();
        return nodes;
    }
}
