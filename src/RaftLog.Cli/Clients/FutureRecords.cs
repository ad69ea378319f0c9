using System.Globalization;
using RaftLog.Client;
using RaftLog.Client.Admin;
using RaftLog.Protocol;

namespace RaftLog.Cli.Clients;

/// <summary>
/// Records that are dated in the future: retention by time counts from the latest record of a segment, so such a one keeps its segment and
/// all after it, for longer than anyone may expect.
/// </summary>
internal static class FutureRecords
{
    /// <summary>Clocks differ a little; Kafka lets producers be ahead by as much by default.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromHours(1);

    /// <summary>The records of a topic that hold back retention, by partition; none where the topic deletes nothing by time.</summary>
    public static async Task<IReadOnlyDictionary<int, FoundOffset>> FindAsync(
        KafkaCluster cluster,
        TopicDescription topic,
        DateTimeOffset now
    )
    {
        Dictionary<TopicPartition, OffsetSpec> wanted = topic
            .Partitions.Where(partition => partition.Leader.IsNode)
            .ToDictionary(partition => new TopicPartition(topic.Name, partition.Index), _ => OffsetSpec.MaxTimestamp);
        if (
            wanted.Count == 0
            || !DeletesByTime(await cluster.Admin.DescribeConfigsAsync(new ConfigResource(ConfigResourceType.Topic, topic.Name)))
        )
        {
            return new Dictionary<int, FoundOffset>();
        }

        try
        {
            return Of(await cluster.Admin.ListOffsetsAsync(wanted), now);
        }
        catch (KafkaException)
        {
            // A leader that cannot be asked now is seen in the description itself.
            return new Dictionary<int, FoundOffset>();
        }
    }

    /// <summary>True when a topic's configuration deletes what is old.</summary>
    public static bool DeletesByTime(IReadOnlyList<ConfigEntry> configs) =>
        ValueOf(configs, "cleanup.policy").Split(',', StringSplitOptions.TrimEntries).Contains("delete")
        && long.TryParse(ValueOf(configs, "retention.ms"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long retention)
        && retention >= 0;

    /// <summary>Those of the latest records that are dated in the future.</summary>
    public static IReadOnlyDictionary<int, FoundOffset> Of(IReadOnlyDictionary<TopicPartition, FoundOffset> latest, DateTimeOffset now) =>
        latest
            .Where(each => each.Value.Offset != Offset.None && each.Value.Timestamp > (now + Tolerance).ToUnixTimeMilliseconds())
            .ToDictionary(each => each.Key.Partition, each => each.Value);

    /// <summary>A line for people.</summary>
    public static string Describe(int partition, FoundOffset found) =>
        $"partition {partition}: the record at offset {found.Offset} is dated {TextOf(found.Timestamp)}; retention.ms keeps its segment "
        + $"and all after it until that time and more";

    // A producer's timestamp may be any number.
    private static string TextOf(long timestampMs) =>
        timestampMs <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(timestampMs).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
            : $"{timestampMs} ms after 1970";

    private static string ValueOf(IReadOnlyList<ConfigEntry> configs, string key) =>
        configs.FirstOrDefault(each => each.Name == key)?.Value ?? "";
}
