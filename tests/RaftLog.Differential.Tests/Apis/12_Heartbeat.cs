using RaftLog.Differential.Tests.Comparison;
using RaftLog.Differential.Tests.Peers;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Apis;

/// <summary>Beats of members of classic groups.</summary>
[Collection(BothNodesCollection.Name)]
public sealed class HeartbeatTests(BothNodes nodes)
{
    [KafkaFact]
    public async Task Responses_are_Kafkas()
    {
        ClassicMember member = new("beat");
        ClassicMember joining = new("beat-joining");
        await member.SettleAsync(nodes);
        await Script.CompareAsync(
            nodes,
            "Heartbeat",
            [
                Case.Of("of a member", p => member.BeatAsync(p)),
                Case.Of(
                    "oldest version",
                    p =>
                        p.AskVersionAsync(
                            new HeartbeatRequest
                            {
                                GroupId = "beat",
                                MemberId = member.IdOf(p),
                                GenerationId = member.GenerationOf(p),
                            },
                            0
                        )
                ),
                Case.Of("of an older generation", p => member.BeatAsync(p, r => r.GenerationId--)),
                Case.Of("of a later generation", p => member.BeatAsync(p, r => r.GenerationId++)),
                Case.Of("of nobody", p => member.BeatAsync(p, r => r.MemberId = "nobody")),
                Case.Of("of an empty member", p => member.BeatAsync(p, r => r.MemberId = "")),
                Case.Of("of an unknown group", p => member.BeatAsync(p, r => r.GroupId = "beat-nothing")),
                Case.Of("of an empty group", p => member.BeatAsync(p, r => r.GroupId = "")),
                Case.Of("of an unknown static member", p => member.BeatAsync(p, r => r.GroupInstanceId = "static")),
                Case.Of("joins, not synced", Normalisation.Usual.AndByPresence("MemberId", "Leader"), joining.JoinAnewAsync),
                Case.Of("between join and sync", p => joining.BeatAsync(p)),
                Case.Of("leaves", Normalisation.Usual.AndByPresence("MemberId"), p => member.LeaveAsync(p)),
                Case.Of("after it has left", p => member.BeatAsync(p)),
            ]
        );
    }
}
