using RaftLog.Protocol;

namespace RaftLog.Client.Produce;

/// <summary>Why a producer does not take a record.</summary>
internal static class ProducerErrors
{
    public static KafkaException Closed() => new(ErrorCode.InvalidRequest, "the producer is closed");

    public static KafkaException NoRoom(ProducerOptions options, string when) =>
        new(
            ErrorCode.RequestTimedOut,
            $"no room in buffer.memory ({options.BufferMemory} bytes) {when}: records come faster than the cluster takes them"
        );

    public static KafkaException NoRoomInTime(ProducerOptions options) =>
        NoRoom(options, $"within {options.MaxBlock.TotalSeconds} s (max.block.ms)");

    public static KafkaException TooLarge(string topic, long size, int limit) =>
        new(
            ErrorCode.MessageTooLarge,
            $"a record for topic '{topic}' takes {size} bytes, and at most {limit} fit (max.request.size, batch.size); raise both "
                + $"here and max.message.bytes of the topic, or store large values elsewhere"
        );

    public static KafkaException NoPartition(ProducerTopic topic, int? partition) =>
        new(ErrorCode.UnknownTopicOrPartition, $"topic '{topic.Name}' has no partition {partition}, only 0 to {topic.PartitionCount - 1}");
}
