using System.Text.Json;
using RaftLog.Cli.Output;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients.Reassignments;

/// <summary>A plan as a file, in the form that Kafka's reassign-partitions reads and writes.</summary>
internal static class ReassignmentFile
{
    private const int Version = 1;

    /// <summary>Stands for a log directory that the broker may choose.</summary>
    private const string Any = "any";

    /// <summary>Writes a plan as one line.</summary>
    public static string Write(IReadOnlyDictionary<TopicPartition, IReadOnlyList<NodeId>> plan) =>
        Json.Line(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", Version);
            writer.WriteStartArray("partitions");
            foreach ((TopicPartition partition, IReadOnlyList<NodeId> replicas) in plan)
            {
                writer.WriteStartObject();
                writer.WriteString("topic", partition.Topic);
                writer.WriteNumber("partition", partition.Partition);
                writer.WriteNumbers("replicas", replicas.Select(node => node.Value));
                writer.WriteStartArray("log_dirs");
                foreach (NodeId _ in replicas)
                {
                    writer.WriteStringValue(Any);
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        });

    /// <summary>Reads a plan.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public static IReadOnlyDictionary<TopicPartition, PlannedReplicas> Read(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            Dictionary<TopicPartition, PlannedReplicas> plan = [];
            foreach (JsonElement each in document.RootElement.GetProperty("partitions").EnumerateArray())
            {
                TopicPartition partition = new(each.GetProperty("topic").GetString()!, each.GetProperty("partition").GetInt32());
                if (!plan.TryAdd(partition, ReadReplicas(path, partition, each)))
                {
                    throw new FormatException($"{path}: {partition} stands there twice; leave one line of it");
                }
            }

            return plan;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"{path} is no plan: {e.Message} 'raftlog partition reassign plan' writes one.");
        }
    }

    private static PlannedReplicas ReadReplicas(string path, TopicPartition partition, JsonElement entry)
    {
        List<NodeId> brokers = [.. entry.GetProperty("replicas").EnumerateArray().Select(node => new NodeId(node.GetInt32()))];
        if (!entry.TryGetProperty("log_dirs", out JsonElement directories))
        {
            return new PlannedReplicas(brokers);
        }

        List<string?> named = [.. directories.EnumerateArray().Select(static each => each.GetString()).Select(NamedOrNull)];
        return named.Count == brokers.Count
            ? new PlannedReplicas(brokers, named)
            : throw new FormatException(
                $"{path}: {partition} has {brokers.Count} replicas and {named.Count} log_dirs; name one directory a replica, or '{Any}'"
            );
    }

    private static string? NamedOrNull(string? directory) => directory == Any ? null : directory;
}
