using System.CommandLine;
using System.Globalization;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Formatting;
using RaftLog.Broker.Runtime;
using RaftLog.Cli.Output;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Storage;

namespace RaftLog.Cli.Nodes;

/// <summary><c>raftlog storage format | info | random-uuid</c>.</summary>
internal static class StorageCommands
{
    public static Command Create() => new("storage", "Format and inspect data directories.") { Format(), Info(), RandomId() };

    private static Option<string> Config =>
        new("--config") { Description = "cluster.json, or a .properties file.", DefaultValueFactory = _ => "cluster.json" };

    private static Option<int?> Node => new("--node") { Description = "Which node of cluster.json; all of them when absent." };

    private static Command Format()
    {
        Option<string> config = Config;
        Option<int?> node = Node;
        Option<string?> clusterId = new("--cluster-id", "-t")
        {
            Description =
                "The cluster's id, the same for every node; when absent, that of a directory that is formatted already, or a new one.",
        };
        Option<string[]> features = new("--feature") { Description = "A feature level of a new cluster, as name=level; may be repeated." };
        Command command = new("format", "Make the data directories of a node.") { config, node, clusterId, features };
        command.SetAction(
            (parsed, _) =>
                Failures.GuardAsync(async () =>
                {
                    World world = World.Real();
                    (string? inFile, IReadOnlyList<NodeConfiguration> nodes) = NodeFiles.ReadSome(
                        parsed.GetValue(config)!,
                        parsed.GetValue(node)
                    );
                    string id =
                        CheckedId(parsed.GetValue(clusterId))
                        ?? inFile
                        ?? nodes
                            .Select(each => StorageFormatter.ClusterOf(each, world.Disk))
                            .FirstOrDefault(static each => each is not null)
                        ?? NodeRandom.NewId(world.Entropy).ToString();
                    SortedDictionary<string, short> levels = new(StringComparer.Ordinal);
                    List<KeyValuePair<string, short>> asked = [.. (parsed.GetValue(features) ?? []).Select(ParseFeature)];
                    short version = asked
                        .LastOrDefault(
                            each => each.Key == MetadataVersion.FeatureName,
                            new(MetadataVersion.FeatureName, MetadataVersion.Newest.Level)
                        )
                        .Value;
                    foreach ((string name, short level) in StorageFormatter.FeaturesAt(new MetadataVersion(version)).Concat(asked))
                    {
                        levels[name] = level;
                    }

                    foreach (NodeConfiguration each in nodes)
                    {
                        IReadOnlyList<string> formatted = await StorageFormatter.FormatAsync(each, id, levels, world);
                        Console.WriteLine(
                            formatted.Count > 0
                                ? $"formatted {string.Join(", ", formatted)} for node {each.NodeId} of cluster {id}"
                                : $"node {each.NodeId} is formatted already: {string.Join(", ", each.Storage.LogDirs)}"
                        );
                    }

                    return ExitCode.Ok;
                })
        );
        return command;
    }

    private static Command Info()
    {
        Option<string> config = Config;
        Option<int?> node = Node;
        Command command = new("info", "Show what the data directories say of themselves, and the sizes of the topics in them.")
        {
            config,
            node,
        };
        command.SetAction(
            (parsed, _) =>
                Failures.GuardAsync(() =>
                {
                    World world = World.Real();
                    Table table = new("NODE", "DIRECTORY", "CLUSTER", "DIRECTORY ID");
                    bool complete = true;
                    List<string> directories = [];
                    foreach (NodeConfiguration each in NodeFiles.ReadSome(parsed.GetValue(config)!, parsed.GetValue(node)).Nodes)
                    {
                        foreach (string directory in each.Storage.LogDirs.Append(each.Storage.MetadataLogDir).Distinct())
                        {
                            MetaProperties? meta = MetaProperties.Read(world.Disk, directory);
                            complete &= meta is not null;
                            directories.Add(directory);
                            table.Add(
                                $"{meta?.NodeId ?? each.NodeId}",
                                directory,
                                meta?.ClusterId ?? "not formatted",
                                meta is null ? "-" : $"{meta.DirectoryId}"
                            );
                        }
                    }

                    Console.Write(table);
                    if (TopicSizes.Of(world.Disk, directories) is { } sizes)
                    {
                        Console.WriteLine();
                        Console.Write(sizes);
                    }

                    return Task.FromResult(complete ? ExitCode.Ok : ExitCode.Failed);
                })
        );
        return command;
    }

    private static Command RandomId()
    {
        Command command = new("random-uuid", "Print a new id for a cluster.");
        command.SetAction((ParseResult _) => Console.WriteLine(NodeRandom.NewId(new SystemEntropy()).ToString()));
        return command;
    }

    private static string? CheckedId(string? id) =>
        id is null || Uuid.TryParse(id, out _)
            ? id
            : throw new FormatException(
                $"--cluster-id {id}: an id has 22 characters, as 'raftlog storage random-uuid' prints them, and is the same for every node"
            );

    private static KeyValuePair<string, short> ParseFeature(string text)
    {
        int split = text.IndexOf('=');
        if (split <= 0 || !short.TryParse(text.AsSpan(split + 1), NumberStyles.None, CultureInfo.InvariantCulture, out short level))
        {
            throw new FormatException($"--feature {text}: write name=level, for instance --feature metadata.version=30");
        }

        string name = text[..split].Trim();
        return StorageFormatter.RejectionOf(name, level) is { } rejection
            ? throw new FormatException($"--feature {text}: {rejection}")
            : new(name, level);
    }
}
