using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Groups and transactions on nodes that have not made the topics for them yet, and the requests that make them.</summary>
public sealed class FirstUseTests(BothNodes nodes) : IClassFixture<BothNodes>
{
    private const string Topic = "first";
    private const string Group = "first";
    private const string OffsetsTopic = "__consumer_offsets";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        Normalisation ids = Normalisation.Usual.AndByPresence("MemberId", "ProducerId");
        ClassicMember member = new(Group);
        TransactionalProducer own = new("first");
        await Topics.CreateAsync(nodes, Topic);
        await Script.CompareAsync(
            nodes,
            "First use, nothing made",
            [
                Case.Of("JoinGroup", ids, p => member.JoinAsync(p)),
                Case.Of("JoinGroup without a name", ids, p => member.JoinAsync(p, r => r.GroupId = "")),
                Case.Of("SyncGroup", ids, p => member.SyncAsync(p)),
                Case.Of("Heartbeat", ids, p => member.BeatAsync(p)),
                Case.Of("LeaveGroup", ids, p => member.LeaveAsync(p)),
                Case.Of("SyncGroup without a name", ids, p => member.SyncAsync(p, r => r.GroupId = "")),
                Case.Of("Heartbeat without a name", ids, p => member.BeatAsync(p, r => r.GroupId = "")),
                Case.Of("LeaveGroup without a name", ids, p => member.LeaveAsync(p, r => r.GroupId = "")),
                Case.Of("OffsetDelete without a name", ids, p => p.AskAsync(new OffsetDeleteRequest())),
                Case.Of("OffsetCommit", ids, p => p.AskAsync(Commit(), 9)),
                Case.Of("OffsetFetch", ids, p => p.AskAsync(Fetch(), 9)),
                Case.Of("OffsetFetch, oldest version", ids, p => p.AskVersionAsync(FetchOne(), 1)),
                Case.Of("OffsetDelete", ids, p => p.AskAsync(Delete())),
                Case.Of("DescribeGroups", ids, p => p.AskAsync(new DescribeGroupsRequest { Groups = [Group] })),
                Case.Of("ListGroups", ids, p => p.AskAsync(new ListGroupsRequest())),
                Case.Of("DeleteGroups", ids, p => p.AskAsync(new DeleteGroupsRequest { GroupsNames = [Group] })),
                Case.Of("ConsumerGroupHeartbeat", ids, p => p.AskAsync(Heartbeat())),
                Case.Of("ConsumerGroupDescribe", ids, p => p.AskAsync(new ConsumerGroupDescribeRequest { GroupIds = [Group] })),
                Case.Of("InitProducerId", ids, p => p.AskAsync(Init(own.Id), 5)),
                Case.Of("AddPartitionsToTxn", ids, p => p.AskVersionAsync(Add(own.Id), 3)),
                Case.Of("AddOffsetsToTxn", ids, p => p.AskVersionAsync(AddOffsets(own.Id), 4)),
                Case.Of("TxnOffsetCommit", ids, p => p.AskVersionAsync(CommitInTransaction(own.Id), 3)),
                Case.Of("EndTxn", ids, p => p.AskVersionAsync(End(own.Id), 4)),
                Case.Of("DescribeTransactions", ids, p => p.AskAsync(new DescribeTransactionsRequest { TransactionalIds = [own.Id] })),
                Case.Of("ListTransactions", ids, p => p.AskAsync(new ListTransactionsRequest())),
            ]
        );

        // The topic of transactions, and none for offsets: what is added is a partition that there will be.
        await own.BeginAsync(nodes);
        await Script.CompareAsync(
            nodes,
            "First use, transactions",
            [
                Case.Of("AddOffsetsToTxn", ids, p => p.AskVersionAsync(own.AddOffsets(p, Group), 4)),
                Case.Of("AddOffsetsToTxn of a group without a name", ids, p => p.AskVersionAsync(own.AddOffsets(p, ""), 4)),
                Case.Of("DescribeTransactions", ids, p => DescribeAsync(p, own.Id)),
                Case.Of("TxnOffsetCommit", ids, p => p.AskVersionAsync(own.Commit(p, Group, Topic), 3)),
                Case.Of("EndTxn", ids, p => own.EndAndWaitAsync(p, commits: true)),
                Case.Of("AddOffsetsToTxn again", ids, p => p.AskVersionAsync(own.AddOffsets(p, Group), 0)),
                Case.Of("Metadata", ids, p => p.AskAsync(OffsetsMetadata())),
            ]
        );

        // The topic is made while a transaction has a partition of it.
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Coordinators.UntilKnownAsync(peer, Group);
        }

        await Script.CompareAsync(
            nodes,
            "First use, groups",
            [
                Case.Of("TxnOffsetCommit", ids, p => p.AskVersionAsync(own.Commit(p, Group, Topic), 3)),
                Case.Of("EndTxn", ids, p => own.EndAndWaitAsync(p, commits: true)),
                Case.Of("OffsetFetch", ids, p => p.AskAsync(Fetch(r => r.RequireStable = true), 9)),
                Case.Of("ListGroups", ids, p => p.AskAsync(new ListGroupsRequest())),
            ]
        );
    }

    // The order of partitions is no promise.
    private static async Task<DescribeTransactionsResponse> DescribeAsync(Peer peer, string id)
    {
        DescribeTransactionsResponse response = await peer.AskAsync(new DescribeTransactionsRequest { TransactionalIds = [id] });
        response.TransactionStates[0].Topics.ForEach(topic => topic.Partitions.Sort());
        return response;
    }

    private static MetadataRequest OffsetsMetadata() => new() { Topics = [new() { Name = OffsetsTopic }], AllowAutoTopicCreation = false };

    private static OffsetCommitRequest Commit() =>
        new()
        {
            GroupId = Group,
            Topics =
            [
                new()
                {
                    Name = Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = 0,
                            CommittedOffset = new(1),
                            CommittedMetadata = "",
                        },
                    ],
                },
            ],
        };

    private static OffsetFetchRequest Fetch(Action<OffsetFetchRequest>? change = null)
    {
        OffsetFetchRequest request = new()
        {
            Groups = [new() { GroupId = Group, Topics = [new() { Name = Topic, PartitionIndexes = [0] }] }],
        };
        change?.Invoke(request);
        return request;
    }

    private static OffsetFetchRequest FetchOne() => new() { GroupId = Group, Topics = [new() { Name = Topic, PartitionIndexes = [0] }] };

    private static OffsetDeleteRequest Delete() =>
        new() { GroupId = Group, Topics = [new() { Name = Topic, Partitions = [new() { PartitionIndex = 0 }] }] };

    private static ConsumerGroupHeartbeatRequest Heartbeat() =>
        new()
        {
            GroupId = Group,
            MemberId = "one",
            RebalanceTimeoutMs = 5_000,
            SubscribedTopicNames = [Topic],
            TopicPartitions = [],
        };

    private static InitProducerIdRequest Init(string id) => new() { TransactionalId = id, TransactionTimeoutMs = 60_000 };

    private static AddPartitionsToTxnRequest Add(string id) =>
        new()
        {
            V3AndBelowTransactionalId = id,
            V3AndBelowProducerId = new(1),
            V3AndBelowProducerEpoch = new(0),
            V3AndBelowTopics = [new() { Name = Topic, Partitions = [0] }],
        };

    private static AddOffsetsToTxnRequest AddOffsets(string id) =>
        new()
        {
            TransactionalId = id,
            ProducerId = new(1),
            ProducerEpoch = new(0),
            GroupId = Group,
        };

    private static TxnOffsetCommitRequest CommitInTransaction(string id) =>
        new()
        {
            TransactionalId = id,
            GroupId = Group,
            ProducerId = new(1),
            ProducerEpoch = new(0),
            Topics =
            [
                new()
                {
                    Name = Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = 0,
                            CommittedOffset = new(1),
                            CommittedMetadata = "",
                        },
                    ],
                },
            ],
        };

    private static EndTxnRequest End(string id) =>
        new()
        {
            TransactionalId = id,
            ProducerId = new(1),
            ProducerEpoch = new(0),
            Committed = true,
        };
}
