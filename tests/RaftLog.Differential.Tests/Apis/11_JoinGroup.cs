using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Joining classic groups.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class JoinGroupTests(BothNodes nodes)
{
    private static readonly Normalisation Ids = Normalisation.Usual.AndByPresence("MemberId", "Leader");

    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        ClassicMember member = new("join");
        ClassicMember old = new("join-old");
        ClassicMember other = new("join-other");
        await Coordinators.UntilKnownAsync(nodes.Kafka, member.Group);
        await Coordinators.UntilKnownAsync(nodes.Subject, member.Group);
        await Script.CompareAsync(
            nodes,
            "JoinGroup",
            [
                Case.Of("without an id", Ids, p => member.JoinAsync(p)),
                Case.Of("with the id", Ids, p => member.JoinAsync(p)),
                Case.Of("again, nothing synced", Ids, p => member.JoinAsync(p)),
                Case.Of("synced", Ids, p => member.SyncAsync(p)),
                Case.Of("again, stable leader", Ids, p => member.JoinAsync(p)),
                Case.Of("again, in version 6", Ids, p => member.JoinAsync(p, version: 6)),
                Case.Of("without an id, version 3", Ids, p => old.JoinAsync(p, version: 3)),
                Case.Of("version 0", Ids, p => old.JoinAsync(p, version: 0)),
                Case.Of("an unknown member", Ids, p => new ClassicMember("join").JoinAsync(p, r => r.MemberId = "nobody")),
                Case.Of(
                    "an unknown member of an unknown group",
                    Ids,
                    p => new ClassicMember("join-nothing").JoinAsync(p, r => r.MemberId = "nobody")
                ),
                Case.Of("an empty group", Ids, p => other.JoinAsync(p, r => r.GroupId = "")),
                Case.Of("a session too short", Ids, p => other.JoinAsync(p, r => r.SessionTimeoutMs = 1)),
                Case.Of("a session too long", Ids, p => other.JoinAsync(p, r => r.SessionTimeoutMs = 10_000_000)),
                Case.Of("no protocols", Ids, p => other.JoinAsync(p, r => r.Protocols = [])),
                Case.Of("no protocol type", Ids, p => other.JoinAsync(p, r => r.ProtocolType = "")),
                Case.Of("another protocol type", Ids, p => new ClassicMember("join").JoinAsync(p, r => r.ProtocolType = "connect")),
                Case.Of(
                    "no common protocol",
                    Ids,
                    p => new ClassicMember("join").JoinAsync(p, r => r.Protocols = [new() { Name = "sticky" }])
                ),
                Case.Of(
                    "no common protocol, version 3",
                    Ids,
                    p => new ClassicMember("join").JoinAsync(p, r => r.Protocols = [new() { Name = "sticky" }], 3)
                ),
            ]
        );
    }

    [KafkaFact]
    public async Task Static_members_are_Kafkas()
    {
        ClassicMember member = new("join-static", "one");
        ClassicMember back = new("join-static", "one");
        await Coordinators.UntilKnownAsync(nodes.Kafka, member.Group);
        await Coordinators.UntilKnownAsync(nodes.Subject, member.Group);
        await Script.CompareAsync(
            nodes,
            "JoinGroup, static",
            [
                Case.Of("without an id", Ids, p => member.JoinAsync(p)),
                Case.Of("synced", Ids, p => member.SyncAsync(p)),
                Case.Of("with its id", Ids, p => member.JoinAsync(p)),
                Case.Of("synced again", Ids, p => member.SyncAsync(p)),
                Case.Of("back without its id", Ids, p => back.JoinAsync(p)),
                Case.Of("back, synced", Ids, p => back.SyncAsync(p)),
                Case.Of("the one before", Ids, p => member.JoinAsync(p)),
                Case.Of("the one before beats", Ids, p => member.BeatAsync(p)),
                Case.Of("the one before syncs", Ids, p => member.SyncAsync(p)),
                Case.Of("the one before leaves", Ids, p => member.LeaveAsync(p)),
                Case.Of("the one after beats", Ids, p => back.BeatAsync(p)),
                Case.Of(
                    "another name with that id",
                    Ids,
                    p => new ClassicMember("join-static", "two").JoinAsync(p, r => r.MemberId = back.IdOf(p))
                ),
                Case.Of("leaves by name", Ids, p => back.LeaveAsync(p, r => r.Members[0].MemberId = "")),
            ]
        );
    }
}
