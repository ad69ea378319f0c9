using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Coordination.Tests;

public sealed class OutboxTests
{
    [Fact]
    public void Clear_after_records_leaves_nothing_behind()
    {
        Outbox outbox = new() { Producer = new ProducerStamp(new ProducerId(7), new ProducerEpoch(1), ProducerStamp.NoSequence) };
        outbox.Append(new CoordinatorRecord(new byte[] { 0, 1 }, null));

        outbox.Clear();

        Assert.Empty(outbox.Records);
        Assert.Empty(outbox.Responses);
        Assert.Equal(ProducerStamp.None, outbox.Producer);
    }
}
