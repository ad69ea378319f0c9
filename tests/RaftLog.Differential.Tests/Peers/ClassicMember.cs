using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Peers;

/// <summary>One member of a classic group on each of the two nodes: what a node has told it, it says again.</summary>
internal sealed class ClassicMember(string group, string? instanceId = null)
{
    private readonly Dictionary<Peer, (string Id, int Generation)> _known = [];

    public string Group => group;

    /// <summary>Joins with a new id, in both steps.</summary>
    public async Task<JoinGroupResponse> JoinAnewAsync(Peer peer)
    {
        JoinGroupResponse first = await JoinAsync(peer);
        return first.GenerationId >= 0 ? first : await JoinAsync(peer);
    }

    /// <summary>Joins with the id that it has, if any.</summary>
    public async Task<JoinGroupResponse> JoinAsync(Peer peer, Action<JoinGroupRequest>? change = null, short? version = null)
    {
        JoinGroupRequest request = new()
        {
            GroupId = group,
            SessionTimeoutMs = 10_000,
            RebalanceTimeoutMs = 1_000,
            MemberId = IdOf(peer),
            GroupInstanceId = instanceId,
            ProtocolType = "consumer",
            Protocols =
            [
                new() { Name = "range", Metadata = new byte[] { 1, 2, 3 } },
                new() { Name = "roundrobin", Metadata = new byte[] { 4 } },
            ],
        };
        change?.Invoke(request);
        JoinGroupResponse response = version is { } asked ? await peer.AskVersionAsync(request, asked) : await peer.AskAsync(request);
        if (response.MemberId.Length > 0)
        {
            _known[peer] = (response.MemberId, response.GenerationId);
        }

        return response;
    }

    public Task<SyncGroupResponse> SyncAsync(Peer peer, Action<SyncGroupRequest>? change = null)
    {
        SyncGroupRequest request = new()
        {
            GroupId = group,
            GenerationId = GenerationOf(peer),
            MemberId = IdOf(peer),
            GroupInstanceId = instanceId,
            ProtocolType = "consumer",
            ProtocolName = "range",
            Assignments = [new() { MemberId = IdOf(peer), Assignment = new byte[] { 7, 8, 9 } }],
        };
        change?.Invoke(request);
        return peer.AskAsync(request);
    }

    public Task<HeartbeatResponse> BeatAsync(Peer peer, Action<HeartbeatRequest>? change = null)
    {
        HeartbeatRequest request = new()
        {
            GroupId = group,
            GenerationId = GenerationOf(peer),
            MemberId = IdOf(peer),
            GroupInstanceId = instanceId,
        };
        change?.Invoke(request);
        return peer.AskAsync(request);
    }

    public Task<LeaveGroupResponse> LeaveAsync(Peer peer, Action<LeaveGroupRequest>? change = null)
    {
        LeaveGroupRequest request = new() { GroupId = group, Members = [new() { MemberId = IdOf(peer), GroupInstanceId = instanceId }] };
        change?.Invoke(request);
        return peer.AskAsync(request);
    }

    /// <summary>Joins and gets its assignment, on both nodes.</summary>
    public async Task SettleAsync(BothNodes nodes)
    {
        foreach (Peer peer in (Peer[])[nodes.Kafka, nodes.Subject])
        {
            await Coordinators.UntilKnownAsync(peer, group);
            await JoinAnewAsync(peer);
            await SyncAsync(peer);
        }
    }

    public string IdOf(Peer peer) => _known.TryGetValue(peer, out (string Id, int Generation) known) ? known.Id : "";

    public int GenerationOf(Peer peer) => _known.TryGetValue(peer, out (string Id, int Generation) known) ? known.Generation : -1;
}
