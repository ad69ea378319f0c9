using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Getting a producer id.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class InitProducerIdTests(BothNodes nodes)
{
    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Poll.UntilAsync(
                $"{peer.Name} has producer ids",
                async () => (await peer.AskAsync(Request(null))).ErrorCode == ErrorCode.None
            );
        }

        Normalisation ids = Normalisation.Usual.AndByPresence("ProducerId");
        await Script.CompareAsync(
            nodes,
            "InitProducerId",
            [
                Case.Of("without a transaction", ids, p => p.AskAsync(Request(null))),
                Case.Of("oldest version", ids, p => p.AskVersionAsync(Request(null), 0)),
                Case.Of("with no time at all", ids, p => p.AskAsync(Request(null, r => r.TransactionTimeoutMs = 0))),
                Case.Of("an id without an epoch", ids, p => p.AskAsync(Request(null, r => r.ProducerId = new(5)))),
                Case.Of("an epoch without an id", ids, p => p.AskAsync(Request(null, r => r.ProducerEpoch = new(5)))),
                Case.Of(
                    "an id and an epoch without a transaction",
                    ids,
                    p => p.AskAsync(Request(null, r => (r.ProducerId, r.ProducerEpoch) = (new(5), new(1))))
                ),
                Case.Of("a negative time", ids, p => p.AskAsync(Request(null, r => r.TransactionTimeoutMs = -1))),
                Case.Of(
                    "an id and an epoch without a transaction, version 3",
                    ids,
                    p => p.AskVersionAsync(Request(null, r => (r.ProducerId, r.ProducerEpoch) = (new(5), new(1))), 3)
                ),
                Case.Of(
                    "a negative epoch of an id",
                    ids,
                    p => p.AskAsync(Request(null, r => (r.ProducerId, r.ProducerEpoch) = (new(5), new(-3))))
                ),
                Case.Of("an empty transactional id, oldest version", ids, p => p.AskVersionAsync(Request(""), 0)),
                Case.Of("an empty transactional id", ids, p => p.AskAsync(Request(""))),
            ]
        );
    }

    private static InitProducerIdRequest Request(string? id, Action<InitProducerIdRequest>? change = null)
    {
        InitProducerIdRequest request = new() { TransactionalId = id, TransactionTimeoutMs = 60_000 };
        change?.Invoke(request);
        return request;
    }
}
