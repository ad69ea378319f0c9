using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Differential.Tests.Peers;

/// <summary>
/// A group that is held in one of its states on both nodes: its timeouts are long, so that nothing but a request moves it on.
/// </summary>
internal sealed class GroupInState(string state, string topic) : IDisposable
{
    private const int LongMs = 120_000;
    private const string ConsumerMember = "member-one";

    private readonly ClassicMember _classic = new($"in-state-{state}");
    private readonly Dictionary<Peer, (string Id, int Epoch)> _members = [];
    private readonly List<WireClient> _waiting = [];

    /// <summary>The group's id.</summary>
    public string Id => _classic.Group;

    /// <summary>The states in which a group can be held.</summary>
    public static IEnumerable<string> States =>
        ["dead", "offsets", "empty", "preparing", "completing", "stable", "consumer-empty", "consumer-stable", "consumer-reconciling"];

    /// <summary>A member of the group, past or present; nobody's where it never had one.</summary>
    public string MemberOn(Peer peer) => _members.TryGetValue(peer, out (string Id, int Epoch) member) ? member.Id : "";

    /// <summary>The generation or member epoch of that member.</summary>
    public int EpochOn(Peer peer) => _members.TryGetValue(peer, out (string Id, int Epoch) member) ? member.Epoch : -1;

    /// <summary>Brings the group into its state on a node.</summary>
    public async Task MakeAsync(Peer peer)
    {
        await Coordinators.UntilKnownAsync(peer, Id);
        switch (state)
        {
            case "dead":
                break;
            case "offsets":
                await peer.AskAsync(Commit(), 9);
                break;
            case "empty":
                await JoinAsync(peer);
                await _classic.SyncAsync(peer);
                await _classic.LeaveAsync(peer);
                break;
            case "preparing":
                await JoinAsync(peer);
                await _classic.SyncAsync(peer);
                await BeginToJoinAsync(peer);
                break;
            case "completing":
                await JoinAsync(peer);
                break;
            case "stable":
                await JoinAsync(peer);
                await _classic.SyncAsync(peer);
                break;
            case "consumer-empty":
                await BeatUntilAsync(peer, ConsumerMember, assigned: 2);
                await BeatAsync(peer, ConsumerMember, -1, null);
                break;
            case "consumer-stable":
                await BeatUntilAsync(peer, ConsumerMember, assigned: 2);
                break;
            case "consumer-reconciling":
                await BeatUntilAsync(peer, ConsumerMember, assigned: 2);
                await BeatAsync(peer, "member-two", 0, []);
                await BeatUntilAsync(peer, ConsumerMember, assigned: 1);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(state), state, null);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _waiting.ForEach(client => client.Dispose());

    private OffsetCommitRequest Commit() =>
        new()
        {
            GroupId = Id,
            Topics =
            [
                new()
                {
                    Name = topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = 0,
                            CommittedOffset = new(3),
                            CommittedMetadata = "",
                        },
                    ],
                },
            ],
        };

    private static void StayLong(JoinGroupRequest request) => (request.SessionTimeoutMs, request.RebalanceTimeoutMs) = (LongMs, LongMs);

    private async Task JoinAsync(Peer peer)
    {
        await _classic.JoinAsync(peer, StayLong);
        await _classic.JoinAsync(peer, StayLong);
        _members[peer] = (_classic.IdOf(peer), _classic.GenerationOf(peer));
    }

    // The second member waits for the first, which does not join again.
    private async Task BeginToJoinAsync(Peer peer)
    {
        WireClient client = await WireClient.ConnectAsync(peer.Port);
        _waiting.Add(client);
        JoinGroupRequest request = new()
        {
            GroupId = Id,
            SessionTimeoutMs = LongMs,
            RebalanceTimeoutMs = LongMs,
            ProtocolType = "consumer",
            Protocols = [new() { Name = "range", Metadata = new byte[] { 1 } }],
        };
        request.MemberId = (await client.AskAsync(request)).MemberId;
        _ = client.AskAsync(request).ContinueWith(static ended => _ = ended.Exception, TaskScheduler.Default);
        await Poll.UntilAsync(
            $"{Id} prepares a rebalance on {peer.Name}",
            async () => (await peer.AskAsync(new DescribeGroupsRequest { Groups = [Id] })).Groups[0].GroupState == "PreparingRebalance"
        );
    }

    private async Task BeatUntilAsync(Peer peer, string member, int assigned)
    {
        ConsumerGroupHeartbeatResponse? last = null;
        await Poll.UntilAsync(
            $"{member} of {Id} has {assigned} partitions on {peer.Name}",
            async () =>
            {
                last = _members.ContainsKey(peer)
                    ? await BeatAsync(peer, member, EpochOn(peer), null)
                    : await BeatAsync(peer, member, 0, []);
                Assert.Equal(ErrorCode.None, last.ErrorCode);
                _members[peer] = (member, last.MemberEpoch);
                return last.Assignment?.TopicPartitions.Sum(each => each.Partitions.Count) == assigned;
            }
        );
        if (assigned > 1)
        {
            // It has them; one that is to give some up says nothing.
            await BeatAsync(
                peer,
                member,
                EpochOn(peer),
                last!.Assignment!.TopicPartitions.ConvertAll(each => new ConsumerGroupHeartbeatRequest.HeartbeatTopicPartitions
                {
                    TopicId = each.TopicId,
                    Partitions = each.Partitions,
                })
            );
        }
    }

    private Task<ConsumerGroupHeartbeatResponse> BeatAsync(
        Peer peer,
        string member,
        int epoch,
        List<ConsumerGroupHeartbeatRequest.HeartbeatTopicPartitions>? owned
    ) =>
        peer.AskAsync(
            new ConsumerGroupHeartbeatRequest
            {
                GroupId = Id,
                MemberId = member,
                MemberEpoch = epoch,
                RebalanceTimeoutMs = epoch == 0 ? LongMs : -1,
                SubscribedTopicNames = epoch == 0 ? [topic] : null,
                TopicPartitions = owned,
            }
        );
}
