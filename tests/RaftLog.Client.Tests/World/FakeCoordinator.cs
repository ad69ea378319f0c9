using RaftLog.Client.Groups;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Client.Tests;

/// <summary>The coordinator of every group and transactional id, on broker 0, to whom all is right.</summary>
internal sealed class FakeCoordinator
{
    /// <summary>True where a transaction's end names the epoch of the next one (KIP-890).</summary>
    public bool GivesEpochs { get; init; }

    /// <summary>Responds to what coordinators are asked; null for all else.</summary>
    public Reply? Respond(IMessage message) =>
        message switch
        {
            FindCoordinatorRequest request => new Reply(
                new FindCoordinatorResponse
                {
                    NodeId = new NodeId(0),
                    Coordinators =
                    [
                        new()
                        {
                            Key = request.Key,
                            NodeId = new NodeId(0),
                            Host = "broker-0",
                            Port = 9092,
                        },
                    ],
                }
            ),
            ConsumerGroupHeartbeatRequest => new Reply(new ConsumerGroupHeartbeatResponse { MemberEpoch = 1, HeartbeatIntervalMs = 1000 }),
            JoinGroupRequest => new Reply(
                new JoinGroupResponse
                {
                    MemberId = "m",
                    Leader = "another",
                    GenerationId = 1,
                    ProtocolName = "range",
                }
            ),
            SyncGroupRequest => new Reply(new SyncGroupResponse { Assignment = GroupSubscriptions.WriteAssignment([]) }),
            HeartbeatRequest => new Reply(new HeartbeatResponse()),
            LeaveGroupRequest request => new Reply(
                new LeaveGroupResponse
                {
                    Members = request.Members.ConvertAll(each => new LeaveGroupResponse.MemberResult
                    {
                        MemberId = each.MemberId,
                        GroupInstanceId = each.GroupInstanceId,
                        ErrorCode = each.GroupInstanceId == "unknown" ? ErrorCode.UnknownMemberId : ErrorCode.None,
                    }),
                }
            ),
            AddPartitionsToTxnRequest request => new Reply(Added(request)),
            EndTxnRequest request => new Reply(
                GivesEpochs
                    ? new EndTxnResponse
                    {
                        ProducerId = request.ProducerId,
                        ProducerEpoch = new ProducerEpoch((short)(request.ProducerEpoch.Value + 1)),
                    }
                    : new EndTxnResponse()
            ),
            _ => null,
        };

    private static AddPartitionsToTxnResponse Added(AddPartitionsToTxnRequest request) =>
        new()
        {
            ResultsByTopicV3AndBelow =
            [
                .. request.V3AndBelowTopics.Select(topic => new AddPartitionsToTxnResponse.AddPartitionsToTxnTopicResult
                {
                    Name = topic.Name,
                    ResultsByPartition =
                    [
                        .. topic.Partitions.Select(partition => new AddPartitionsToTxnResponse.AddPartitionsToTxnPartitionResult
                        {
                            PartitionIndex = partition,
                        }),
                    ],
                }),
            ],
        };
}
