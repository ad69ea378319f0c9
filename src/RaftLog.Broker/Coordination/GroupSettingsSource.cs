using System.Collections.Concurrent;
using RaftLog.Broker.Cluster;
using RaftLog.Broker.Configuration;
using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Offsets;
using RaftLog.Metadata;

namespace RaftLog.Broker.Coordination;

/// <summary>
/// The configuration of the group coordinator: the node's file, what was set on the running cluster, and what was set for single groups.
/// </summary>
/// <param name="settings">What the node's file says.</param>
/// <param name="configs">The configuration in force.</param>
/// <param name="cache">What was set on the running cluster.</param>
internal sealed class GroupSettingsSource(GroupSettings settings, ClusterConfigs configs, MetadataCache cache) : IGroupSettings
{
    private OfImage _latest = new(MetadataImage.Empty);

    /// <inheritdoc />
    public ClassicGroupSettings Classic => settings.Classic;

    /// <inheritdoc />
    public OffsetSettings Offsets => settings.Offsets;

    /// <inheritdoc />
    public ConsumerGroupSettings ConsumerGroup(string groupId)
    {
        MetadataImage image = cache.Image;
        OfImage latest = Volatile.Read(ref _latest);
        if (!ReferenceEquals(latest.Image.Configs, image.Configs))
        {
            latest = new OfImage(image);
            Volatile.Write(ref _latest, latest);
        }

        // Only groups with values of their own are kept, and those are as many as the image has.
        ConfigResource resource = new(ConfigResourceType.Group, groupId);
        return image.ConfigOf(resource).IsEmpty ? latest.Default ??= Read(image, groupId)
            : latest.Own.TryGetValue(groupId, out ConsumerGroupSettings? own) ? own
            : latest.Own[groupId] = Read(image, groupId);
    }

    private ConsumerGroupSettings Read(MetadataImage image, string groupId) =>
        settings.Consumer with
        {
            SessionTimeoutMs = configs.Group(image, groupId, "consumer.session.timeout.ms"),
            HeartbeatIntervalMs = configs.Group(image, groupId, "consumer.heartbeat.interval.ms"),
            AssignmentIntervalMs = configs.Group(image, groupId, "consumer.assignment.interval.ms"),
        };

    private sealed class OfImage(MetadataImage image)
    {
        public MetadataImage Image { get; } = image;

        public ConcurrentDictionary<string, ConsumerGroupSettings> Own { get; } = new(StringComparer.Ordinal);

        public ConsumerGroupSettings? Default { get; set; }
    }
}
