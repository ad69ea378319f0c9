using RaftLog.Broker.Configuration;
using RaftLog.Broker.Formatting;
using RaftLog.Cli.Nodes;
using RaftLog.Platform;
using RaftLog.Storage;

namespace RaftLog.Cli.Tests;

[Collection(ConsoleCollection.Name)]
public sealed class StorageCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("raftlog-cli-").FullName;

    [Fact]
    public async Task Formatting_makes_every_nodes_directory_and_info_shows_them()
    {
        string config = WriteCluster();

        (int formatted, string said, _) = await Captured.RunAsync(
            "storage",
            "format",
            "--config",
            config,
            "--cluster-id",
            "AAAAAAAAAAAAAAAAAAAAAw"
        );
        (int shown, string table, _) = await Captured.RunAsync("storage", "info", "--config", config);

        Assert.Equal(0, formatted);
        Assert.Contains("node 2 of cluster AAAAAAAAAAAAAAAAAAAAAw", said);
        Assert.Equal(0, shown);
        Assert.Contains("AAAAAAAAAAAAAAAAAAAAAw", table);
        Assert.True(File.Exists(Path.Combine(_directory, "2", "meta.properties")));
        Assert.True(File.Exists(Path.Combine(_directory, "2", "bootstrap.checkpoint")));
    }

    [Theory]
    [InlineData("share.version=1", "share.version is not built here and stays at 0")]
    [InlineData("kraft.version=1", "kraft.version is not built here and stays at 0")]
    [InlineData("group.version=2", "group.version goes from 0 to 1")]
    [InlineData("metadata.version=31", "metadata.version goes from 7 to 30")]
    [InlineData("no.version=1", "there is no feature no.version; there are group.version")]
    [InlineData("group.version", "write name=level")]
    public async Task A_feature_level_that_cannot_be_is_rejected(string feature, string reason)
    {
        (int code, _, string error) = await Captured.RunAsync("storage", "format", "--config", WriteCluster(), "--feature", feature);

        Assert.NotEqual(0, code);
        Assert.Contains(reason, error);
        Assert.False(Directory.Exists(Path.Combine(_directory, "1")));
    }

    /// <summary>All directories of a cluster have one id: what is formatted later gets that of what is there.</summary>
    [Fact]
    public async Task What_is_formatted_later_gets_the_id_of_what_is_there_and_no_other()
    {
        const string Id = "AAAAAAAAAAAAAAAAAAAAAw";
        string config = WriteCluster();
        await Captured.RunAsync("storage", "format", "--config", config, "--cluster-id", Id);
        Directory.Delete(Path.Combine(_directory, "2"), recursive: true);

        (int code, string said, _) = await Captured.RunAsync("storage", "format", "--config", config);
        Assert.Equal(0, code);
        Assert.Contains($"node 2 of cluster {Id}", said);

        (code, _, string error) = await Captured.RunAsync(
            "storage",
            "format",
            "--config",
            config,
            "--cluster-id",
            "AAAAAAAAAAAAAAAAAAAABA"
        );
        Assert.Equal(1, code);
        Assert.Contains($"is formatted already, for node 1 of cluster {Id}, and not for node 1 of cluster AAAAAAAAAAAAAAAAAAAABA", error);
    }

    [Theory]
    [InlineData("--cluster-id", "!!", "an id has 22 characters")]
    [InlineData("--node", "7", "has no node 7; it has 1, 2")]
    public async Task Nothing_is_formatted_for_an_id_that_cannot_be(string option, string value, string reason)
    {
        (int code, _, string error) = await Captured.RunAsync("storage", "format", "--config", WriteCluster(), option, value);

        Assert.Equal(1, code);
        Assert.Contains(reason, error);
        Assert.False(Directory.Exists(Path.Combine(_directory, "1")));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_written_is_named_with_what_to_do()
    {
        string config = Path.Combine(_directory, "cluster.json");
        await File.WriteAllTextAsync(
            config,
            """{ "nodes": [ { "node.id": 1, "listeners": "PLAINTEXT://a:9092,CONTROLLER://a:9093", "log.dirs": "/proc/raftlog" } ] }"""
        );
        (int code, _, string error) = await Captured.RunAsync("storage", "format", "--config", config);

        Assert.Equal(1, code);
        Assert.Contains("/proc/raftlog", error);
        Assert.Contains("see that its file system is", error);
    }

    [Fact]
    public async Task Info_of_an_unformatted_directory_fails()
    {
        (int code, string table, _) = await Captured.RunAsync("storage", "info", "--config", WriteCluster());

        Assert.Equal(1, code);
        Assert.Contains("not formatted", table);
    }

    [Fact]
    public async Task A_node_without_data_is_rejected_with_the_command_that_makes_it()
    {
        (int code, _, string error) = await Captured.RunAsync("start", "--config", WriteCluster(), "--node", "1");

        Assert.Equal(1, code);
        Assert.Contains("raftlog storage format --config", error);
        Assert.Contains("--node 1", error);
    }

    [Fact]
    public async Task Up_rejects_when_one_node_of_several_has_lost_its_data()
    {
        string config = WriteCluster();
        await Captured.RunAsync("storage", "format", "--config", config);
        Directory.Delete(Path.Combine(_directory, "2"), recursive: true);

        (int code, _, string error) = await Captured.RunAsync("up", "--config", config);

        Assert.Equal(1, code);
        Assert.Contains("node 2 has no data", error);
    }

    /// <summary>A terminal for each node is how many try a cluster first.</summary>
    [Fact]
    public async Task Processes_that_start_a_new_cluster_at_once_format_it_once()
    {
        string config = WriteCluster();
        (_, IReadOnlyList<NodeConfiguration> nodes) = NodeFiles.Read(config);
        World world = World.Real();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => NewCluster.FormatAsync(config, null, nodes, world))));

        Assert.Single(nodes.Select(node => MetaProperties.Read(world.Disk, node.Storage.MetadataLogDir)?.ClusterId).Distinct());
        Assert.All(nodes, node => Assert.NotEmpty(StorageFormatter.ReadFeatures(node.Storage.MetadataLogDir, world.Disk)));
    }

    [Theory]
    [InlineData("start", "--node", "1")]
    [InlineData("up", "--nodes", "1")]
    public async Task A_directory_of_another_cluster_is_rejected(string command, string option, string node)
    {
        string config = WriteCluster();
        await Captured.RunAsync("storage", "format", "--config", config, "--cluster-id", "AAAAAAAAAAAAAAAAAAAAAw");
        File.WriteAllText(
            config,
            File.ReadAllText(config)
                .Replace("{ \"nodes\"", "{ \"cluster.id\": \"AAAAAAAAAAAAAAAAAAAABA\", \"nodes\"", StringComparison.Ordinal)
        );

        (int code, _, string error) = await Captured.RunAsync(command, "--config", config, option, node);

        Assert.Equal(1, code);
        Assert.Contains("this is cluster AAAAAAAAAAAAAAAAAAAABA", error);
        Assert.Contains($"{_directory}/1/meta.properties of node 1 says cluster.id=AAAAAAAAAAAAAAAAAAAAAw", error);
    }

    [Fact]
    public async Task Up_rejects_nodes_of_two_clusters()
    {
        string config = WriteCluster();
        await Captured.RunAsync("storage", "format", "--config", config, "--node", "1", "--cluster-id", "AAAAAAAAAAAAAAAAAAAAAw");
        await Captured.RunAsync("storage", "format", "--config", config, "--node", "2", "--cluster-id", "AAAAAAAAAAAAAAAAAAAABA");

        (int code, _, string error) = await Captured.RunAsync("up", "--config", config);

        Assert.Equal(1, code);
        Assert.Contains("of node 2 says cluster.id=AAAAAAAAAAAAAAAAAAAABA", error);
    }

    [Fact]
    public async Task A_typo_in_a_key_is_answered_with_the_key_that_was_meant()
    {
        string config = Path.Combine(_directory, "cluster.json");
        File.WriteAllText(
            config,
            """{ "nodes": [ { "node.id": 1, "lisseners": "PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093" } ] }"""
        );

        (int code, _, string error) = await Captured.RunAsync("storage", "info", "--config", config);

        Assert.Equal(1, code);
        Assert.Contains("lisseners", error);
        Assert.Contains("listeners", error);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string WriteCluster()
    {
        string path = Path.Combine(_directory, "cluster.json");
        string Node(int id) =>
            $$"""{ "node.id": {{id}}, "log.dirs": "{{_directory}}/{{id}}", "listeners": "PLAINTEXT://127.0.0.1:{{id}}9092,CONTROLLER://127.0.0.1:{{id}}9093" }""";
        File.WriteAllText(path, $$"""{ "nodes": [ {{Node(1)}}, {{Node(2)}} ] }""");
        return path;
    }
}
