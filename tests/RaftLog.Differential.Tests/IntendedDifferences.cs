using RaftLog.Differential.Tests.Comparison;

namespace RaftLog.Differential.Tests;

/// <summary>
/// Everything in which responses differ from Kafka's on purpose, and why. An entry that no longer differs fails its test.
/// </summary>
internal static class IntendedDifferences
{
    private const string Flushed = "A topic is flushed on every append unless it says otherwise (safe by default).";
    private const string ElrOff = "Eligible leader replicas are not switched on, so the cluster holds no copy of min.insync.replicas.";
    private const string NotYet = "Served once its meaning is built.";
    private const string SaysWhy = "A response with an error says what is wrong, also where Kafka is silent.";
    private const string NoAbort = "A producer of another epoch is fenced; it does not abort the transaction of the one that has the id.";
    private const string NoStart = "An append that failed says nothing of the log.";

    private const string CalledOne = "A configuration that cannot be is called one, as for topics.";
    private const string OddValues = "IncrementalAlterConfigs, odd values";

    /// <summary>
    /// What Kafka's controllers answer and RaftLog's do not: SASL (17, 36), access rules (29 to 31), tokens (38 to 41), quotas (49), SCRAM
    /// (50, 51), and voters that change (80 to 82).
    /// </summary>
    private static readonly int[] KeysOfControllers = [17, 29, 30, 31, 36, 38, 39, 40, 41, 49, 50, 51, 80, 81, 82];

    /// <summary>The table.</summary>
    public static IReadOnlyList<IntendedDifference> All { get; } =
    [
        new("ApiVersions", "*", "ApiKeys[*]", NotYet),
        new("ApiVersions", "*", "FinalizedFeatures[*]", NotYet),
        new("ApiVersions", "newest", "SupportedFeatures[*]", NotYet),
        .. KeysOfControllers.Select(key => new IntendedDifference("ApiVersions of a controller", "*", $"ApiKeys[{key}]", NotYet)),
        new("ApiVersions of a controller", "*", "FinalizedFeatures[*]", NotYet),
        new("ApiVersions of a controller", "newest", "SupportedFeatures[*]", NotYet),
        new("CreateTopics", "*", "Topics[*].Configs[flush.messages].Value", Flushed),
        new("CreateTopics", "*", "Topics[*].Configs[min.insync.replicas].ConfigSource", ElrOff),
        new("CreateTopics", "checked only", "Topics[create-checked].TopicId", "What is not created has no id."),
        new("DescribeConfigs", "*", "Results[*].Configs[flush.messages]*", Flushed),
        new("DescribeConfigs", "the broker*", "Results[1].Configs[log.flush.interval.messages].Value", Flushed),
        new("DescribeConfigs", "*", "Results[*].Configs[min.insync.replicas]*", ElrOff),
        new("DescribeConfigs", "all brokers*", "Results[0].Configs", ElrOff),
        new(
            "DescribeConfigs",
            "the broker*",
            "Results[1].Configs[broker.id]*",
            "The old name of node.id is not filled in from the new one."
        ),
        new("DescribeConfigs", "the broker*", "Results[1].Configs[log.dir].Value", "There is no default directory in /tmp."),
        new("DescribeConfigs", "the broker*", "Results[1].Configs[*.class].Value", "There are no Java classes to name."),
        new("DescribeConfigs", "the broker*", "Results[1].Configs[raftlog.*]", "Keys that Kafka does not have."),
        new(
            "DescribeConfigs",
            "the broker*",
            "Results[1].Configs[listener*].ReadOnly",
            "The listeners of a node are those it was started with."
        ),
        new(
            "DescribeConfigs",
            "the broker*",
            "Results[1].Configs[socket.*.buffer.bytes].Value",
            "The system sizes socket buffers unless it is told otherwise."
        ),
        new("AlterConfigs", "all brokers", "Responses[0].Error*", ElrOff),
        new(
            "AlterConfigs",
            "the same topic twice",
            "*",
            "A request that names a resource twice gets a response, and its connection stays."
        ),
        new(OddValues, "*threads=1000", "Responses[*].Error*", "Threads may change by any factor; what they bound has its own bound."),
        new(OddValues, "topic retention.ms=５", "Responses[alter-odd].Error*", "Digits are those of ASCII."),
        new(OddValues, "topic min.cleanable.dirty.ratio=*", "Responses[alter-odd].Error*", "A ratio is a number, without Java's suffix."),
        new(OddValues, "append an empty text", "Responses[alter-odd].Error*", "Nothing is appended."),
        new(OddValues, "a broker with a sign", "Responses[+1].Error*", "A broker has one name."),
        new(OddValues, "loggers*", "Responses[1].Error*", "The node log has no loggers with levels of their own."),
        new("AlterPartitionReassignments", "no time", "*ErrorCode", "A change that nothing waits for needs no time."),
        new("AlterPartitionReassignments", "the same partition twice", "Responses[reassign].Partitions[0]'.ErrorMessage", SaysWhy),
        new("AlterPartitionReassignments", "cancelled, nothing under way", "Responses[reassign].Partitions[0].ErrorMessage", SaysWhy),
        new(
            "AlterPartitionReassignments",
            "nothing",
            "ErrorMessage",
            "A response without an error has no text, also when nothing was asked."
        ),
        new("CreatePartitions", "an unknown topic", "Results[extend-unknown].ErrorMessage", SaysWhy),
        new("Fetch", "as an unknown replica", "NodeEndpoints*", "The leader is named with its address wherever it is named."),
        new("DescribeProducers", "*", "Topics[producers].Partitions[*].ErrorMessage", SaysWhy),
        new(
            "A group that is consumer-empty",
            "ConsumerGroupDescribe",
            "Groups[0].AssignmentEpoch",
            "An empty group waits for no assignment."
        ),
        new("A transaction that is ongoing", "InitProducerId in a later epoch", "ErrorCode", NoAbort),
        new("A transaction that is ongoing", "the state after InitProducerId in a later epoch", "TransactionStates[0]*", NoAbort),
        new("A transaction that is written", "InitProducerId in a later epoch", "ErrorCode", NoAbort),
        new("A transaction that is written", "the state after InitProducerId in a later epoch", "TransactionStates[0]*", NoAbort),
        new(
            "A transaction that is timed out",
            "EndTxn, commit, transactions V2",
            "ErrorCode",
            "A commit after the timeout has lost its transaction, and is fenced as later Kafka does (KAFKA-20785)."
        ),
        new(
            "WriteTxnMarkers",
            "in an older epoch",
            "Markers[0].Topics[marked].Partitions[0].ErrorCode",
            "An error that has a name is told by it."
        ),
        new("WriteTxnMarkers", "two markers", "Markers[1]", "Each marker of a request has its own result."),
        new("UpdateFeatures, not built", "* where Kafka has it", "Error*", NotYet),
        new("UpdateFeatures, not built", "voters that change", "Error*", "The voters are static."),
        new("UpdateFeatures", "the same feature twice", "Error*", "A request that says two things of one feature is rejected, not cut."),
        new("Produce", "*", "Responses[*].PartitionResponses[*].ErrorMessage", SaysWhy),
        new("Produce", "*", "Responses[*].PartitionResponses[*].LogStartOffset", NoStart),
        new(
            "Produce",
            "an unknown codec",
            "Responses[produce].PartitionResponses[0].ErrorCode",
            "Kafka calls a codec that it does not know an error of its own."
        ),
        new(
            "IncrementalAlterConfigs",
            "an unknown operation",
            "Responses[alter].Error*",
            "A bad request is called one, not an error of the server."
        ),
        new(
            "IncrementalAlterConfigs",
            "an unknown broker",
            "Responses[9].ErrorCode",
            "Any broker takes changes for any other, and says when there is no such broker."
        ),
        new("IncrementalAlterConfigs, groups", "client metrics, *", "Responses[resources-metrics].ErrorCode", CalledOne),
    ];
}
