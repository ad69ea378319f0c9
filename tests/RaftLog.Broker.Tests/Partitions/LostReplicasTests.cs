using RaftLog.Broker.Partitions;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>Replicas that were in sync and whose log is gone.</summary>
public sealed class LostReplicasTests
{
    /// <summary>The loop that tells the controller looks at this alone.</summary>
    [Fact]
    public void There_are_some_from_the_first_that_is_noted_to_the_last_that_is_forgotten()
    {
        TopicIdPartition first = new(new Uuid(1, 1), 0);
        TopicIdPartition second = new(new Uuid(1, 1), 1);
        LostReplicas lost = new(new NodeId(1), []);
        Assert.False(lost.HasAny);

        lost.Add(first);
        lost.Add(first);
        Assert.True(lost.HasAny);
        Assert.NotNull(lost.Note(first, new TopicPartition("orders", 0)));
        Assert.Null(lost.Note(first, new TopicPartition("orders", 0)));
        lost.Add(second);
        Assert.Equal([first, second], lost.All);

        lost.Forget(first);
        Assert.True(lost.HasAny);
        lost.Forget(second);
        Assert.False(lost.HasAny);
    }
}
