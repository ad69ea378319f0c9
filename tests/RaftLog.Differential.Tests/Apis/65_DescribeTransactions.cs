using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>How transactions stand, described one by one and listed.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class DescribeTransactionsTests(BothNodes nodes)
{
    private const string Topic = "described-in";

    private static Normalisation Ids { get; } = Normalisation.Usual.AndByPresence("ProducerId");

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        (TransactionalProducer empty, TransactionalProducer ongoing, TransactionalProducer committed, TransactionalProducer aborted) =
            await InEveryStateAsync("described");
        await Script.CompareAsync(
            nodes,
            "DescribeTransactions",
            [
                Case.Of("empty", Ids, p => Describe(p, empty.Id)),
                Case.Of("ongoing", Ids, p => Describe(p, ongoing.Id)),
                Case.Of("committed", Ids, p => Describe(p, committed.Id)),
                Case.Of("aborted", Ids, p => Describe(p, aborted.Id)),
                Case.Of("unknown", Ids, p => Describe(p, "described-nobody")),
                Case.Of("without a name", Ids, p => Describe(p, "")),
                Case.Of("none", Ids, p => Describe(p)),
                Case.Of("several", Ids, p => Describe(p, empty.Id, ongoing.Id, "described-nobody")),
                Case.Of("the same twice", Ids, p => Describe(p, empty.Id, empty.Id)),
                Case.Of("ended", Ids, p => ongoing.EndAndWaitAsync(p, commits: false)),
                Case.Of("no longer ongoing", Ids, p => Describe(p, ongoing.Id)),
            ]
        );
    }

    [KafkaFact]
    public async Task Listings_are_Kafkas()
    {
        (_, TransactionalProducer ongoing, _, _) = await InEveryStateAsync("listed");
        await Script.CompareAsync(
            nodes,
            "ListTransactions",
            [
                Case.Of("all", Ids, p => List(p, 2, _ => { })),
                Case.Of("oldest version", Ids, p => List(p, 0, r => r.TransactionalIdPattern = null)),
                Case.Of("ongoing ones", Ids, p => List(p, 2, r => r.StateFilters = ["Ongoing"])),
                Case.Of("in two states", Ids, p => List(p, 2, r => r.StateFilters = ["Empty", "CompleteCommit"])),
                Case.Of("in a state that there is not", Ids, p => List(p, 2, r => r.StateFilters = ["Nothing"])),
                Case.Of(
                    "in a state that there is not, and one that there is",
                    Ids,
                    p => List(p, 2, r => r.StateFilters = ["Nothing", "Empty"])
                ),
                Case.Of("in a state written otherwise", Ids, p => List(p, 2, r => r.StateFilters = ["ongoing"])),
                Case.Of("of a producer", Ids, p => List(p, 2, r => r.ProducerIdFilters = [ongoing.On(p).Id.Value])),
                Case.Of("of no producer", Ids, p => List(p, 2, r => r.ProducerIdFilters = [99_999_999])),
                Case.Of("that have run long", Ids, p => List(p, 1, r => r.DurationFilter = 3_600_000)),
                Case.Of("that have run at all", Ids, p => List(p, 1, r => r.DurationFilter = 0)),
                Case.Of("that match nothing", Ids, p => List(p, 2, r => r.TransactionalIdPattern = "nothing-.*")),
                Case.Of("that match an end", Ids, p => List(p, 2, r => r.TransactionalIdPattern = ".*-empty")),
                Case.Of("that match a part only", Ids, p => List(p, 2, r => r.TransactionalIdPattern = "listed")),
                Case.Of("by what is no expression", Ids, p => List(p, 2, r => r.TransactionalIdPattern = "(")),
                Case.Of("by an empty expression", Ids, p => List(p, 2, r => r.TransactionalIdPattern = "")),
                Case.Of("ended", Ids, p => ongoing.EndAndWaitAsync(p, commits: true)),
            ]
        );
    }

    private async Task<(
        TransactionalProducer Empty,
        TransactionalProducer Ongoing,
        TransactionalProducer Committed,
        TransactionalProducer Aborted
    )> InEveryStateAsync(string name)
    {
        (TransactionalProducer empty, TransactionalProducer ongoing) = (new($"{name}-empty"), new($"{name}-ongoing"));
        (TransactionalProducer committed, TransactionalProducer aborted) = (new($"{name}-committed"), new($"{name}-aborted"));
        await Topics.CreateAsync(nodes, $"{Topic}-{name}", 2);
        foreach (TransactionalProducer each in (TransactionalProducer[])[empty, ongoing, committed, aborted])
        {
            await each.BeginAsync(nodes);
            foreach (Peer peer in each == empty ? (Peer[])[] : [nodes.Kafka, nodes.Subject])
            {
                await peer.AskVersionAsync(each.Add(peer, $"{Topic}-{name}", 0, 1), 3);
                if (each != ongoing)
                {
                    await each.EndAndWaitAsync(peer, commits: each == committed);
                }
            }
        }

        return (empty, ongoing, committed, aborted);
    }

    private static async Task<DescribeTransactionsResponse> Describe(Peer peer, params string[] ids) =>
        await peer.AskAsync(new DescribeTransactionsRequest { TransactionalIds = [.. ids] });

    // The nodes are shared with other tests, whose ids are left out.
    private static async Task<ListTransactionsResponse> List(Peer peer, short version, Action<ListTransactionsRequest> change)
    {
        ListTransactionsRequest request = new();
        change(request);
        ListTransactionsResponse response = await peer.AskVersionAsync(request, version);
        response.TransactionStates =
        [
            .. response
                .TransactionStates.Where(each => each.TransactionalId.StartsWith("listed-", StringComparison.Ordinal))
                .OrderBy(each => each.TransactionalId, StringComparer.Ordinal),
        ];
        return response;
    }
}
