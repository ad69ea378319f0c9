using RaftLog.Protocol;

namespace RaftLog.Client.Cluster;

/// <summary>Why a topic cannot be written or read, and what to do.</summary>
internal static class UnusableTopic
{
    public static string Because(string topic, ErrorCode error) =>
        error switch
        {
            ErrorCode.UnknownTopicOrPartition => $"topic '{topic}' does not exist: create it, for this client makes no topic by itself "
                + "(KafkaAdmin.CreateTopicsAsync, raftlog topic create), or look how its name is spelt",
            ErrorCode.InvalidTopicException =>
                $"topic '{topic}': a name has 1 to 249 of the ASCII letters and digits, '.', '_' and '-', and is not '.' or '..'",
            _ => $"topic '{topic}' cannot be used",
        };
}
