using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Offsets;

namespace RaftLog.Coordination.Tests.World;

/// <summary>Settings that a test may change as it goes.</summary>
internal sealed class FakeSettings : IGroupSettings
{
    public ClassicGroupSettings Classic { get; set; } = new();

    public OffsetSettings Offsets { get; set; } = new();

    public ConsumerGroupSettings Consumer { get; set; } = new();

    public ConsumerGroupSettings ConsumerGroup(string groupId) => Consumer;
}
