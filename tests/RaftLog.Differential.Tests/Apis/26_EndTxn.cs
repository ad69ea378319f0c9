using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Ending transactions of both versions in every state.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class EndTxnTests(BothNodes nodes)
{
    private const string Topic = "ended";

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        Normalisation ids = Normalisation.Usual.AndByPresence("ProducerId");
        TransactionalProducer own = new("ender");
        await Topics.CreateAsync(nodes, Topic);
        await own.BeginAsync(nodes);
        await Script.CompareAsync(
            nodes,
            "EndTxn",
            [
                Case.Of("of an unknown id", ids, p => Ask(p, own, 4, true, r => r.TransactionalId = "nobody")),
                Case.Of("of an empty id", ids, p => Ask(p, own, 4, true, r => r.TransactionalId = "")),
                Case.Of("of another producer", ids, p => Ask(p, own, 4, true, r => r.ProducerId = new(12_345_678))),
                Case.Of(
                    "in an older epoch",
                    ids,
                    p => Ask(p, own, 4, true, r => r.ProducerEpoch = new((short)(own.On(p).Epoch.Value - 1)))
                ),
                Case.Of("in a later epoch", ids, p => Ask(p, own, 4, true, r => r.ProducerEpoch = new(77))),
                Case.Of("in a later epoch, oldest version", ids, p => Ask(p, own, 0, true, r => r.ProducerEpoch = new(77))),
                Case.Of("nothing to commit", ids, p => Ask(p, own, 4, true)),
                Case.Of("nothing to abort", ids, p => Ask(p, own, 4, false)),
                Case.Of("nothing to commit, transactions V2", ids, p => Ask(p, own, 5, true)),
                Case.Of("begun", ids, p => p.AskVersionAsync(own.Add(p, Topic, 0), 3)),
                Case.Of(
                    "in an older epoch while it is open",
                    ids,
                    p => Ask(p, own, 4, true, r => r.ProducerEpoch = new((short)(own.On(p).Epoch.Value - 1)))
                ),
                Case.Of("committed", ids, p => own.EndAndWaitAsync(p, commits: true)),
                Case.Of("committed again", ids, p => Ask(p, own, 4, true)),
                Case.Of("aborted after it was committed", ids, p => Ask(p, own, 4, false)),
                Case.Of("begun again", ids, p => p.AskVersionAsync(own.Add(p, Topic, 0), 3)),
                Case.Of("aborted", ids, p => own.EndAndWaitAsync(p, commits: false)),
                Case.Of("aborted again", ids, p => Ask(p, own, 4, false)),
                Case.Of("committed after it was aborted", ids, p => Ask(p, own, 4, true)),
                Case.Of("a new producer", ids, own.InitAsync),
                Case.Of("nothing to abort, transactions V2", ids, p => Ask(p, own, 5, false)),
                Case.Of("in the epoch before, transactions V2", ids, p => Ask(p, own, 5, false)),
            ]
        );
    }

    private static Task<EndTxnResponse> Ask(
        Peer peer,
        TransactionalProducer own,
        short version,
        bool commits,
        Action<EndTxnRequest>? change = null
    )
    {
        EndTxnRequest request = own.End(peer, commits);
        change?.Invoke(request);
        return peer.AskVersionAsync(request, version);
    }
}
