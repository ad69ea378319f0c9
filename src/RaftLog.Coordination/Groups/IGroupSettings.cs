using RaftLog.Coordination.Offsets;

namespace RaftLog.Coordination.Groups;

/// <summary>The configuration of the group coordinator, read anew at each decision: a changed key acts at once.</summary>
public interface IGroupSettings
{
    /// <summary>What holds for classic groups.</summary>
    ClassicGroupSettings Classic { get; }

    /// <summary>What holds for committed offsets.</summary>
    OffsetSettings Offsets { get; }

    /// <summary>What holds for one consumer group: the broker's keys, overridden by the group's own.</summary>
    ConsumerGroupSettings ConsumerGroup(string groupId);
}
