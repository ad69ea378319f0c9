using RaftLog.Client.Groups.Assignors;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Groups;

/// <summary>
/// What members of a classic group tell one another, in the form that all Kafka consumers share: a version, and then the message.
/// </summary>
internal static class GroupSubscriptions
{
    private const int VersionBytes = sizeof(short);

    public static byte[] Write(IReadOnlyList<string> topics, IReadOnlyList<TopicPartition> owned, int generation, string? rack) =>
        Write(
            new ConsumerProtocolSubscription
            {
                Topics = [.. topics],
                OwnedPartitions =
                [
                    .. owned
                        .GroupBy(each => each.Topic, StringComparer.Ordinal)
                        .Select(group => new ConsumerProtocolSubscription.OwnedTopicPartitions
                        {
                            Topic = group.Key,
                            Partitions = [.. group.Select(each => each.Partition)],
                        }),
                ],
                GenerationId = generation,
                RackId = rack,
            }
        );

    /// <summary>What a member told; one whose bytes cannot be read wants nothing, and harms nobody else.</summary>
    public static GroupSubscription Read(string member, string? instance, ReadOnlyMemory<byte> bytes)
    {
        ConsumerProtocolSubscription subscription = new();
        return TryRead(bytes, subscription)
            ? new GroupSubscription(
                member,
                instance,
                subscription.Topics,
                [
                    .. subscription.OwnedPartitions.SelectMany(each =>
                        each.Partitions.Select(index => new TopicPartition(each.Topic, index))
                    ),
                ],
                subscription.GenerationId,
                subscription.RackId
            )
            : new GroupSubscription(member, instance, [], [], -1, null);
    }

    public static byte[] WriteAssignment(IReadOnlyList<TopicPartition> partitions) =>
        Write(
            new ConsumerProtocolAssignment
            {
                AssignedPartitions =
                [
                    .. partitions
                        .GroupBy(each => each.Topic, StringComparer.Ordinal)
                        .Select(group => new ConsumerProtocolAssignment.AssignedTopicPartitions
                        {
                            Topic = group.Key,
                            Partitions = [.. group.Select(each => each.Partition)],
                        }),
                ],
            }
        );

    /// <summary>The partitions that the leader gave; null when its bytes cannot be read.</summary>
    public static List<TopicPartition>? ReadAssignment(ReadOnlyMemory<byte> bytes)
    {
        ConsumerProtocolAssignment assignment = new();
        return bytes.IsEmpty ? []
            : TryRead(bytes, assignment)
                ?
                [
                    .. assignment.AssignedPartitions.SelectMany(each =>
                        each.Partitions.Select(index => new TopicPartition(each.Topic, index))
                    ),
                ]
            : null;
    }

    private static byte[] Write<T>(T message)
        where T : IVersionedMessage
    {
        WireWriter writer = new();
        writer.WriteInt16(T.HighestVersion);
        message.Write(writer, T.HighestVersion);
        return writer.ToArray();
    }

    private static bool TryRead<T>(ReadOnlyMemory<byte> bytes, T message)
        where T : IVersionedMessage
    {
        try
        {
            WireReader reader = new(bytes.ToArray());
            short version = Math.Min(reader.ReadInt16(), T.HighestVersion);
            message.Read(ref reader, version);
            return version >= T.LowestVersion && bytes.Length > VersionBytes;
        }
        catch (ProtocolException)
        {
            return false;
        }
    }
}
