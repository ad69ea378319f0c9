using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Leaving groups.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class LeaveGroupTests(BothNodes nodes)
{
    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        Normalisation ids = Normalisation.Usual.AndByPresence("MemberId");
        ClassicMember member = new("leave");
        ClassicMember old = new("leave-old");
        ClassicMember named = new("leave-named", "name");
        await member.SettleAsync(nodes);
        await old.SettleAsync(nodes);
        await named.SettleAsync(nodes);
        await Script.CompareAsync(
            nodes,
            "LeaveGroup",
            [
                Case.Of("nobody", ids, p => member.LeaveAsync(p, r => r.Members[0].MemberId = "nobody")),
                Case.Of("an empty member", ids, p => member.LeaveAsync(p, r => r.Members[0].MemberId = "")),
                Case.Of("no members", ids, p => member.LeaveAsync(p, r => r.Members = [])),
                Case.Of("an unknown name", ids, p => member.LeaveAsync(p, r => r.Members[0].GroupInstanceId = "name")),
                Case.Of("an unknown group", ids, p => member.LeaveAsync(p, r => r.GroupId = "leave-nothing")),
                Case.Of("an empty group", ids, p => member.LeaveAsync(p, r => r.GroupId = "")),
                Case.Of(
                    "nobody, oldest version",
                    ids,
                    p => p.AskVersionAsync(new LeaveGroupRequest { GroupId = "leave", MemberId = "nobody" }, 0)
                ),
                Case.Of("a member and nobody", ids, p => member.LeaveAsync(p, r => r.Members.Add(new() { MemberId = "nobody" }))),
                Case.Of("a member again", ids, p => member.LeaveAsync(p)),
                Case.Of(
                    "a member, oldest version",
                    ids,
                    p => p.AskVersionAsync(new LeaveGroupRequest { GroupId = "leave-old", MemberId = old.IdOf(p) }, 0)
                ),
                Case.Of("a name with a wrong id", ids, p => named.LeaveAsync(p, r => r.Members[0].MemberId = "nobody")),
                Case.Of("a name", ids, p => named.LeaveAsync(p, r => r.Members[0].MemberId = "")),
                Case.Of("a name again", ids, p => named.LeaveAsync(p, r => r.Members[0].MemberId = "")),
            ]
        );
    }
}
