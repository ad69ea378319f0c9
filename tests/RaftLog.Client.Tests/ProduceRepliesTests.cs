using RaftLog.Client.Produce;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Tests;

public sealed class ProduceRepliesTests
{
    private static readonly Uuid Id = new(1, 2);

    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(3_000, true)]
    [InlineData(3_000, false)]
    public void A_part_is_found_by_the_name_or_the_id_of_its_topic_and_by_no_other(int partitions, bool byId)
    {
        ProduceReplies replies = new(
            new ProduceResponse { Responses = [Topic("other", new Uuid(9, 9), partitions, byId), Topic("t", Id, partitions, byId)] }
        );
        for (int index = 0; index < partitions; index++)
        {
            Assert.Equal(new Offset(("t".Length * 10_000) + index), replies.Find(new("t", index), Id)?.BaseOffset);
        }

        Assert.Null(replies.Find(new("t", partitions), Id));
        Assert.Null(replies.Find(new("left out", 0), new Uuid(3, 3)));
        Assert.Equal(byId, replies.Find(new("t", 0), new Uuid(3, 3)) is null);
        Assert.Equal(byId, replies.Find(new("t", 0), Uuid.Zero) is null);
    }

    private static ProduceResponse.TopicProduceResponse Topic(string name, Uuid id, int partitions, bool byId)
    {
        ProduceResponse.TopicProduceResponse topic = byId ? new() { TopicId = id } : new() { Name = name };
        for (int index = 0; index < partitions; index++)
        {
            topic.PartitionResponses.Add(new() { Index = index, BaseOffset = new Offset((name.Length * 10_000) + index) });
        }

        return topic;
    }
}
