using RaftLog.Differential.Tests.Comparison;

namespace RaftLog.Differential.Tests;

/// <summary>
/// Everything in which answers differ from Kafka's with our knowledge, and why. A reason that begins with "Defect" is not on purpose: it waits to be
/// mended. An entry that no longer differs fails its test.
/// </summary>
internal static class IntendedDifferences
{
    private const string Flushed = "A topic is flushed on every append unless it says otherwise (safe by default).";
    private const string ElrOff = "Eligible leader replicas are not switched on, so the cluster holds no copy of min.insync.replicas.";
    private const string NotYet = "Served once its meaning is built.";
    private const string SaysWhy = "An answer with an error says what is wrong, also where Kafka is silent.";
    private const string SaysLess = "Defect: the error has no text.";
    private const string NoStart = "An append that failed says nothing of the log.";
    private const string NoCoordinator = "Groups and transactions have no coordinator yet.";

    /// <summary>The table.</summary>
    public static IReadOnlyList<IntendedDifference> All { get; } =
    [
        new("ApiVersions", "*", "ApiKeys[*].MaxVersion", NotYet),
        new("ApiVersions", "*", "ApiKeys[*]", NotYet),
        new("ApiVersions", "*", "FinalizedFeatures[*]", NotYet),
        new("CreateTopics", "*", "Topics[*].Configs[flush.messages].Value", Flushed),
        new("CreateTopics", "*", "Topics[*].Configs[min.insync.replicas].ConfigSource", ElrOff),
        new("CreateTopics", "checked only", "Topics[create-checked].TopicId", "What is not created has no id."),
        new("CreateTopics", "twice in one request", "Topics[create-double]'", "Defect: a topic named twice is refused twice instead of once."),
        new("DeleteTopics", "twice in one request", "Responses[delete-d]*", "Defect: a topic named twice is deleted instead of refused."),
        new("DescribeConfigs", "*", "Results[*].Configs[flush.messages]*", Flushed),
        new("DescribeConfigs", "the broker", "Results[1].Configs[log.flush.interval.messages].Value", Flushed),
        new("DescribeConfigs", "*", "Results[*].Configs[min.insync.replicas]*", ElrOff),
        new("DescribeConfigs", "all brokers", "Results[0].Configs", ElrOff),
        new("DescribeConfigs", "the broker", "Results[1].Configs[broker.id]*", "The old name of node.id is not filled in from the new one."),
        new("DescribeConfigs", "the broker", "Results[1].Configs[log.dir].Value", "There is no default directory in /tmp."),
        new("DescribeConfigs", "the broker", "Results[1].Configs[*.class].Value", "There are no Java classes to name."),
        new("DescribeConfigs", "the broker", "Results[1].Configs[raftlog.*]", "Keys that Kafka does not have."),
        new("DescribeConfigs", "the broker", "Results[1].Configs[socket.*.buffer.bytes].Value", "The system sizes socket buffers unless it is told otherwise."),
        new("ElectLeaders", "*", "ReplicaElectionResults[elect].PartitionResult[*].ErrorMessage", SaysLess),
        new("ElectLeaders", "*", "ReplicaElectionResults[elect].PartitionResult[0]'.ErrorMessage", SaysLess),
        new("ElectLeaders", "of all partitions", "ReplicaElectionResults*", "Defect: partitions that need no election are left out."),
        new("ElectLeaders", "an unknown kind", "ReplicaElectionResults*", "Defect: the partitions are not repeated in the refusal."),
        new("CreatePartitions", "an unknown topic", "Results[extend-unknown].ErrorMessage", SaysWhy),
        new("CreatePartitions", "the same topic twice", "Results[extend]'", "Defect: a topic named twice is refused twice instead of once."),
        new("Fetch", "with a last fetched epoch of the future", "Responses[fetch].Partitions[0].*", "Defect: an epoch that is not there yet is answered with the newest one instead of none."),
        new("Fetch", "as an unknown replica", "NodeEndpoints*", "The leader is named with its address wherever it is named."),
        new("Fetch", "as an unknown replica", "Responses[fetch].Partitions[0].ErrorCode", "Defect: a node that holds no replica is told that its epoch is old."),
        new("Produce", "*", "Responses[*].PartitionResponses[*].ErrorMessage", SaysWhy),
        new("Produce", "*", "Responses[*].PartitionResponses[*].LogStartOffset", NoStart),
        new("Produce", "an unknown codec", "Responses[produce].PartitionResponses[0].ErrorCode", "Kafka calls a codec that it does not know an error of its own."),
        new("FindCoordinator", "*", "*", NoCoordinator),
        new("IncrementalAlterConfigs", "an unknown operation", "Responses[alter].Error*", "A bad request is called one, not an error of the server."),
        new("IncrementalAlterConfigs", "an unknown broker", "Responses[9].ErrorCode", "Any broker takes changes for any other, and says when there is no such broker."),
        new("IncrementalAlterConfigs", "a broker key that is read only", "Responses[1].ErrorCode", "A configuration that cannot be is called one, as for topics."),
        new("OffsetForLeaderEpoch", "an epoch of the future", "Topics[epochs].Partitions[0].*", "Defect: an epoch that is not there yet is answered with the newest one instead of none."),
    ];
}
