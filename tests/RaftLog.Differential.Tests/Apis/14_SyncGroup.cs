using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Assignments of classic groups.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class SyncGroupTests(BothNodes nodes)
{
    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        ClassicMember member = new("sync");
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Coordinators.UntilKnownAsync(peer, member.Group);
            await member.JoinAnewAsync(peer);
        }

        await Script.CompareAsync(
            nodes,
            "SyncGroup",
            [
                Case.Of("an older generation", p => member.SyncAsync(p, r => r.GenerationId--)),
                Case.Of("nobody", p => member.SyncAsync(p, r => r.MemberId = "nobody")),
                Case.Of("an unknown group", p => member.SyncAsync(p, r => r.GroupId = "sync-nothing")),
                Case.Of("an empty group", p => member.SyncAsync(p, r => r.GroupId = "")),
                Case.Of("another protocol", p => member.SyncAsync(p, r => r.ProtocolName = "roundrobin")),
                Case.Of("another protocol type", p => member.SyncAsync(p, r => r.ProtocolType = "connect")),
                Case.Of("no protocol", p => member.SyncAsync(p, r => r.ProtocolName = null)),
                Case.Of("an unknown static member", p => member.SyncAsync(p, r => r.GroupInstanceId = "static")),
                Case.Of("the leader without assignments", p => member.SyncAsync(p, r => r.Assignments = [])),
                Case.Of("again, with assignments", p => member.SyncAsync(p)),
                Case.Of("again, without", p => member.SyncAsync(p, r => r.Assignments = [])),
                Case.Of("a later generation", p => member.SyncAsync(p, r => r.GenerationId++)),
                Case.Of("joins again", Normalisation.Usual.AndByPresence("MemberId", "Leader"), p => member.JoinAsync(p)),
                Case.Of(
                    "an assignment for nobody",
                    p => member.SyncAsync(p, r => r.Assignments.Add(new() { MemberId = "nobody", Assignment = new byte[] { 1 } }))
                ),
                Case.Of(
                    "oldest version",
                    p =>
                        p.AskVersionAsync(
                            new SyncGroupRequest
                            {
                                GroupId = "sync",
                                MemberId = member.IdOf(p),
                                GenerationId = member.GenerationOf(p),
                            },
                            0
                        )
                ),
            ]
        );
    }
}
