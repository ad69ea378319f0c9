using RaftLog.Coordination.Groups;
using RaftLog.Coordination.Tests.World;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Coordination.Tests.Groups;

public sealed class UnknownRecordTests
{
    /// <summary>Keys of share and streams groups, of a type that Kafka no longer writes, and of one that does not exist yet.</summary>
    [Theory]
    [InlineData("000a000467726f7500066d656d626572")]
    [InlineData("000b000467726f75")]
    [InlineData("0011000467726f75")]
    [InlineData("0017000467726f75")]
    [InlineData("0009000467726f75")]
    [InlineData("0004000467726f75")]
    [InlineData("7fff")]
    public void Records_of_other_types_are_passed_over_and_make_no_group(string key)
    {
        GroupCoordinatorState state = new(new FakeSettings(), new FakeTopics());
        byte[] bytes = Convert.FromHexString(key);
        state.Replay(new CoordinatorRecord(bytes, new byte[] { 0, 0, 1, 2, 3 }), new RecordOrigin(new Offset(0), ProducerStamp.None));
        state.Replay(new CoordinatorRecord(bytes, null), new RecordOrigin(new Offset(1), ProducerStamp.None));
        Outbox outbox = new();
        state.Activate(new CoordinatorTime(0, 0), outbox);
        Assert.Empty(outbox.Records);
        Assert.Empty(state.Groups.All);
    }
}
