using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Every request about a transaction in every state that it can be held in, each to a transaction of its own.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class TransactionsInEveryStateTests(BothNodes nodes)
{
    private const string Topic = "in-transaction";
    private const string Group = "in-transaction";
    private const int ShortMs = 1_000;

    private static readonly Normalisation Ids = Normalisation.Usual.AndByPresence("ProducerId", "BaseOffset");

    /// <summary>The requests; each is right in some state and wrong in others, or wrong in all.</summary>
    private static readonly (string Name, Func<Peer, TransactionalProducer, Task<object>> AskAsync)[] Requests =
    [
        ("InitProducerId", (p, own) => Init(p, own, _ => { })),
        ("InitProducerId that knows its producer", (p, own) => Init(p, own, r => Know(r, own.On(p)))),
        ("InitProducerId of another producer", (p, own) => Init(p, own, r => (r.ProducerId, r.ProducerEpoch) = (new(12_345_678), new(0)))),
        ("InitProducerId in a later epoch", (p, own) => Init(p, own, r => Know(r, Later(own.On(p))))),
        ("InitProducerId with no time at all", (p, own) => Init(p, own, r => r.TransactionTimeoutMs = 0)),
        ("InitProducerId with too much time", (p, own) => Init(p, own, r => r.TransactionTimeoutMs = 86_400_000)),
        ("InitProducerId, version 2", async (p, own) => await p.AskVersionAsync(InitRequest(own), 2)),
        ("AddPartitionsToTxn", async (p, own) => await p.AskVersionAsync(own.Add(p, Topic, 0), 3)),
        ("AddPartitionsToTxn of another partition", async (p, own) => await p.AskVersionAsync(own.Add(p, Topic, 1), 1)),
        ("AddPartitionsToTxn in a later epoch", (p, own) => AddLater(p, own)),
        ("a broker verifies", (p, own) => Verify(p, own)),
        ("AddOffsetsToTxn", async (p, own) => await p.AskVersionAsync(own.AddOffsets(p, Group), 4)),
        ("TxnOffsetCommit, version 3", async (p, own) => await p.AskVersionAsync(own.Commit(p, Group, Topic), 3)),
        ("TxnOffsetCommit, version 4", async (p, own) => await p.AskVersionAsync(own.Commit(p, Group, Topic), 4)),
        ("TxnOffsetCommit, version 5", async (p, own) => await p.AskVersionAsync(own.Commit(p, Group, Topic), 5)),
        ("Produce, version 10", (p, own) => Write(p, own, 10)),
        ("Produce, version 11", (p, own) => Write(p, own, 11)),
        ("Produce, version 12", (p, own) => Write(p, own, 12)),
        ("EndTxn, commit", async (p, own) => await p.AskVersionAsync(own.End(p, true), 4)),
        ("EndTxn, abort", async (p, own) => await p.AskVersionAsync(own.End(p, false), 4)),
        ("EndTxn, commit, transactions V2", async (p, own) => await p.AskVersionAsync(own.End(p, true), 5)),
        ("EndTxn, abort, transactions V2", async (p, own) => await p.AskVersionAsync(own.End(p, false), 5)),
        ("EndTxn, commit, oldest version", async (p, own) => await p.AskVersionAsync(own.End(p, true), 0)),
        ("DescribeTransactions", async (p, own) => await p.AskAsync(new DescribeTransactionsRequest { TransactionalIds = [own.Id] })),
        ("ListTransactions", (p, own) => List(p, own)),
        ("DescribeProducers", (p, own) => Producers(p, own)),
    ];

    [KafkaTheory]
    [InlineData("empty")]
    [InlineData("ongoing")]
    [InlineData("written")]
    [InlineData("committed")]
    [InlineData("aborted")]
    [InlineData("committed, transactions V2")]
    [InlineData("fenced")]
    [InlineData("fenced while ongoing")]
    [InlineData("timed out")]
    public async Task Responses_are_Kafkas(string state)
    {
        await Topics.CreateAsync(nodes, Topic, 2);
        List<TransactionalProducer> producers = [];
        foreach ((string name, _) in Requests)
        {
            TransactionalProducer own = new($"{state}/{name}", state == "timed out" ? ShortMs : 60_000);
            producers.Add(own);
            await own.BeginAsync(nodes);
        }

        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Coordinators.UntilKnownAsync(peer, Group);
            foreach (TransactionalProducer own in producers)
            {
                await MakeAsync(peer, own, state);
            }

            foreach (TransactionalProducer own in state == "timed out" ? producers : [])
            {
                await own.UntilAsync(peer, "CompleteAbort");
            }
        }

        await Script.CompareAsync(
            nodes,
            $"A transaction that is {state}",
            [
                .. Requests.SelectMany(
                    (request, i) =>
                        (Case[])
                            [
                                Case.Of(request.Name, Ids, p => request.AskAsync(p, producers[i])),
                                Case.Of($"the state after {request.Name}", Ids, p => SettledAsync(p, producers[i])),
                            ]
                ),
            ]
        );
    }

    private static async Task MakeAsync(Peer peer, TransactionalProducer own, string state)
    {
        if (state is "empty")
        {
            return;
        }

        if (state is "fenced")
        {
            await FenceAsync(peer, own);
            return;
        }

        await peer.AskVersionAsync(own.Add(peer, Topic, 0), 3);
        await own.WriteAsync(peer, Topic);
        switch (state)
        {
            case "written":
                await peer.AskVersionAsync(own.AddOffsets(peer, Group), 3);
                await peer.AskVersionAsync(own.Commit(peer, Group, Topic), 3);
                break;
            case "committed":
                await own.EndAndWaitAsync(peer, commits: true);
                break;
            case "aborted":
                await own.EndAndWaitAsync(peer, commits: false);
                break;
            case "committed, transactions V2":
                await own.EndAndWaitAsync(peer, commits: true, version: 5);
                break;
            case "fenced while ongoing":
                await FenceAsync(peer, own);
                break;
        }
    }

    private static Task FenceAsync(Peer peer, TransactionalProducer own)
    {
        TransactionalProducer another = own.Another();
        return Poll.UntilAsync(
            $"another producer of {own.Id} on {peer.Name}",
            async () => (await another.InitAsync(peer)).ErrorCode == ErrorCode.None
        );
    }

    // Markers are written behind the response: the state that counts is the one that stays.
    private static async Task<DescribeTransactionsResponse> SettledAsync(Peer peer, TransactionalProducer own)
    {
        DescribeTransactionsRequest request = new() { TransactionalIds = [own.Id] };
        DescribeTransactionsResponse? last = null;
        await Poll.UntilAsync(
            $"{own.Id} settles on {peer.Name}",
            async () =>
            {
                last = await peer.AskAsync(request);
                return !last.TransactionStates[0].TransactionState.StartsWith("Prepare", StringComparison.Ordinal);
            }
        );
        return last!;
    }

    private static InitProducerIdRequest InitRequest(TransactionalProducer own) =>
        new() { TransactionalId = own.Id, TransactionTimeoutMs = 60_000 };

    private static async Task<object> Init(Peer peer, TransactionalProducer own, Action<InitProducerIdRequest> change)
    {
        InitProducerIdRequest request = InitRequest(own);
        change(request);
        return await peer.AskAsync(request, 5);
    }

    private static void Know(InitProducerIdRequest request, ProducerStamp producer) =>
        (request.ProducerId, request.ProducerEpoch) = (producer.Id, producer.Epoch);

    private static ProducerStamp Later(ProducerStamp producer) => producer with { Epoch = new((short)(producer.Epoch.Value + 5)) };

    private static async Task<object> AddLater(Peer peer, TransactionalProducer own)
    {
        AddPartitionsToTxnRequest request = own.Add(peer, Topic, 0);
        request.V3AndBelowProducerEpoch = Later(own.On(peer)).Epoch;
        return await peer.AskVersionAsync(request, 3);
    }

    private static async Task<object> Verify(Peer peer, TransactionalProducer own) =>
        await peer.AskVersionAsync(
            new AddPartitionsToTxnRequest
            {
                Transactions =
                [
                    new()
                    {
                        TransactionalId = own.Id,
                        ProducerId = own.On(peer).Id,
                        ProducerEpoch = own.On(peer).Epoch,
                        VerifyOnly = true,
                        Topics = [new() { Name = Topic, Partitions = [0, 1] }],
                    },
                ],
            },
            5
        );

    private static async Task<object> List(Peer peer, TransactionalProducer own)
    {
        ListTransactionsResponse response = await peer.AskAsync(
            new ListTransactionsRequest { ProducerIdFilters = [own.On(peer).Id.Value] }
        );
        response.UnknownStateFilters.Sort(StringComparer.Ordinal);
        return response;
    }

    // What a rejected batch is told in words is compared by the tests of Produce.
    private static async Task<object> Write(Peer peer, TransactionalProducer own, short version)
    {
        ProduceResponse response = await own.WriteAsync(peer, Topic, version);
        response.Responses[0].PartitionResponses[0].ErrorMessage = null;
        return response;
    }

    // The partition knows the producers of all these tests.
    private static async Task<object> Producers(Peer peer, TransactionalProducer own)
    {
        DescribeProducersResponse response = await peer.AskAsync(
            new DescribeProducersRequest { Topics = [new() { Name = Topic, PartitionIndexes = [0] }] }
        );
        DescribeProducersResponse.PartitionResponse partition = response.Topics[0].Partitions[0];
        partition.ActiveProducers = partition.ActiveProducers.FindAll(each => each.ProducerId == own.On(peer).Id);
        partition.ActiveProducers.ForEach(each =>
            each.CurrentTxnStartOffset = each.CurrentTxnStartOffset == Offset.None ? Offset.None : Offset.Zero
        );
        return response;
    }
}
