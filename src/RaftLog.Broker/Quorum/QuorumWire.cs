using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Raft;

namespace RaftLog.Broker.Quorum;

/// <summary>
/// Puts what the Raft core says into the messages of the wire, and back. All of them speak of one partition: number 0 of
/// <c>__cluster_metadata</c>.
/// </summary>
internal static class QuorumWire
{
    public const string Topic = "__cluster_metadata";
    public const int Partition = 0;

    /// <summary>The wire form of a vote or pre-vote request.</summary>
    public static VoteRequest ToWire(RaftVoteRequest vote, string clusterId) =>
        new()
        {
            ClusterId = clusterId,
            VoterId = vote.Voter.Id,
            Topics =
            [
                new()
                {
                    TopicName = Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = Partition,
                            ReplicaEpoch = vote.Epoch,
                            ReplicaId = vote.Candidate.Id,
                            ReplicaDirectoryId = vote.Candidate.DirectoryId,
                            VoterDirectoryId = vote.Voter.DirectoryId,
                            LastOffsetEpoch = vote.Log.Epoch,
                            LastOffset = vote.Log.EndOffset,
                            PreVote = vote.PreVote,
                        },
                    ],
                },
            ],
        };

    /// <summary>The vote that a request asks for; null when it does not speak of the metadata partition.</summary>
    public static RaftVoteRequest? FromWire(VoteRequest request) =>
        request.Topics is [{ TopicName: Topic, Partitions: [{ PartitionIndex: Partition } asked] }]
            ? new RaftVoteRequest(
                new ReplicaKey(request.VoterId, asked.VoterDirectoryId),
                asked.ReplicaEpoch,
                new ReplicaKey(asked.ReplicaId, asked.ReplicaDirectoryId),
                new LogPosition(asked.LastOffsetEpoch, asked.LastOffset),
                asked.PreVote
            )
            : null;

    /// <summary>The wire form of a response to a vote.</summary>
    public static VoteResponse ToWire(RaftVoteReply reply) =>
        new()
        {
            Topics =
            [
                new()
                {
                    TopicName = Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = Partition,
                            ErrorCode = reply.Error,
                            LeaderId = reply.Leader.Leader,
                            LeaderEpoch = reply.Leader.Epoch,
                            VoteGranted = reply.Granted,
                        },
                    ],
                },
            ],
        };

    /// <summary>What a vote's answer says; null when it says nothing of the metadata partition.</summary>
    public static RaftReply? FromWire(VoteResponse response) =>
        response.ErrorCode == ErrorCode.None && response.Topics is [{ Partitions: [var reply] }]
            ? new RaftVoteReply(reply.ErrorCode, new LeaderAndEpoch(reply.LeaderId, reply.LeaderEpoch), reply.VoteGranted)
            : null;

    /// <summary>The wire form of a leader's announcement.</summary>
    public static BeginQuorumEpochRequest ToWire(RaftBeginEpochRequest begin, string clusterId, QuorumEndpoint leader) =>
        new()
        {
            ClusterId = clusterId,
            VoterId = begin.Voter.Id,
            Topics =
            [
                new()
                {
                    TopicName = Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = Partition,
                            VoterDirectoryId = begin.Voter.DirectoryId,
                            LeaderId = begin.Leader,
                            LeaderEpoch = begin.Epoch,
                        },
                    ],
                },
            ],
            LeaderEndpoints =
            [
                new()
                {
                    Name = leader.Listener,
                    Host = leader.Address.Host,
                    Port = (ushort)leader.Address.Port,
                },
            ],
        };

    /// <summary>The announcement in a request; null when it does not speak of the metadata partition.</summary>
    public static RaftBeginEpochRequest? FromWire(BeginQuorumEpochRequest request) =>
        request.Topics is [{ TopicName: Topic, Partitions: [{ PartitionIndex: Partition } told] }]
            ? new RaftBeginEpochRequest(new ReplicaKey(request.VoterId, told.VoterDirectoryId), told.LeaderId, told.LeaderEpoch)
            : null;

    /// <summary>The wire form of a response to an announcement.</summary>
    public static BeginQuorumEpochResponse ToBeginResponse(RaftEpochReply reply) =>
        new()
        {
            Topics =
            [
                new()
                {
                    TopicName = Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = Partition,
                            ErrorCode = reply.Error,
                            LeaderId = reply.Leader.Leader,
                            LeaderEpoch = reply.Leader.Epoch,
                        },
                    ],
                },
            ],
        };

    /// <summary>What the response says; null when it says nothing of the metadata partition.</summary>
    public static RaftReply? FromWire(BeginQuorumEpochResponse response) =>
        response.ErrorCode == ErrorCode.None && response.Topics is [{ Partitions: [var reply] }]
            ? new RaftEpochReply(reply.ErrorCode, new LeaderAndEpoch(reply.LeaderId, reply.LeaderEpoch))
            : null;

    /// <summary>The wire form of a resignation.</summary>
    public static EndQuorumEpochRequest ToWire(RaftEndEpochRequest end, string clusterId, QuorumEndpoint leader) =>
        new()
        {
            ClusterId = clusterId,
            Topics =
            [
                new()
                {
                    TopicName = Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = Partition,
                            LeaderId = end.Leader,
                            LeaderEpoch = end.Epoch,
                            PreferredSuccessors = [.. end.PreferredSuccessors],
                            PreferredCandidates =
                            [
                                .. end.PreferredSuccessors.Select(node => new EndQuorumEpochRequest.ReplicaInfo { CandidateId = node }),
                            ],
                        },
                    ],
                },
            ],
            LeaderEndpoints =
            [
                new()
                {
                    Name = leader.Listener,
                    Host = leader.Address.Host,
                    Port = (ushort)leader.Address.Port,
                },
            ],
        };

    /// <summary>The resignation in a request; null when it does not speak of the metadata partition.</summary>
    public static RaftEndEpochRequest? FromWire(EndQuorumEpochRequest request) =>
        request.Topics is [{ TopicName: Topic, Partitions: [{ PartitionIndex: Partition } told] }]
            ? new RaftEndEpochRequest(
                told.LeaderId,
                told.LeaderEpoch,
                told.PreferredCandidates.Count > 0
                    ? [.. told.PreferredCandidates.Select(each => each.CandidateId)]
                    : told.PreferredSuccessors
            )
            : null;

    /// <summary>The wire form of a response to a resignation.</summary>
    public static EndQuorumEpochResponse ToEndResponse(RaftEpochReply reply) =>
        new()
        {
            Topics =
            [
                new()
                {
                    TopicName = Topic,
                    Partitions =
                    [
                        new()
                        {
                            PartitionIndex = Partition,
                            ErrorCode = reply.Error,
                            LeaderId = reply.Leader.Leader,
                            LeaderEpoch = reply.Leader.Epoch,
                        },
                    ],
                },
            ],
        };

    /// <summary>What the response says; null when it says nothing of the metadata partition.</summary>
    public static RaftReply? FromWire(EndQuorumEpochResponse response) =>
        response.ErrorCode == ErrorCode.None && response.Topics is [{ Partitions: [var reply] }]
            ? new RaftEpochReply(reply.ErrorCode, new LeaderAndEpoch(reply.LeaderId, reply.LeaderEpoch))
            : null;

    /// <summary>The wire form of a replica's fetch.</summary>
    public static FetchRequest ToWire(RaftFetchRequest fetch, string clusterId, int maxBytes, int maxWaitMs) =>
        new()
        {
            ClusterId = clusterId,
            ReplicaState = new() { ReplicaId = fetch.Replica.Id, ReplicaEpoch = BrokerEpoch.None },
            MaxWaitMs = maxWaitMs,
            MinBytes = 0,
            MaxBytes = maxBytes,
            Topics =
            [
                new()
                {
                    Topic = Topic,
                    TopicId = Uuid.ClusterMetadata,
                    Partitions =
                    [
                        new()
                        {
                            Partition = Partition,
                            CurrentLeaderEpoch = fetch.Epoch,
                            FetchOffset = fetch.Position.EndOffset,
                            LastFetchedEpoch = fetch.Position.Epoch,
                            PartitionMaxBytes = maxBytes,
                            ReplicaDirectoryId = fetch.Replica.DirectoryId,
                            HighWatermark = fetch.KnownHighWatermark,
                        },
                    ],
                },
            ],
        };

    /// <summary>What a fetch's answer says, with its records; null when it says nothing of the metadata partition.</summary>
    public static (RaftReply? Reply, Memory<byte>? Records)? FromWire(FetchResponse response)
    {
        if (response.ErrorCode != ErrorCode.None || response.Responses is not [{ Partitions: [var reply] }])
        {
            return null;
        }

        // The type is written out: a plain null would become empty memory, which is present, and a follower that got nothing would pause.
        Memory<byte>? records = reply.Records is { Length: > 0 } bytes ? bytes : default(Memory<byte>?);
        LogPosition? diverging =
            reply.DivergingEpoch.EndOffset.Value >= 0 ? new LogPosition(reply.DivergingEpoch.Epoch, reply.DivergingEpoch.EndOffset) : null;
        SnapshotId? snapshot =
            reply.SnapshotId.EndOffset.Value >= 0 ? new SnapshotId(reply.SnapshotId.EndOffset, reply.SnapshotId.Epoch) : null;
        LeaderAndEpoch leader = new(reply.CurrentLeader.LeaderId, reply.CurrentLeader.LeaderEpoch);
        return (new RaftFetchReply(reply.ErrorCode, leader, reply.HighWatermark, diverging, snapshot, records is not null), records);
    }

    /// <summary>The wire form of a request for a piece of a snapshot.</summary>
    public static FetchSnapshotRequest ToWire(RaftFetchSnapshotRequest fetch, string clusterId, int maxBytes) =>
        new()
        {
            ClusterId = clusterId,
            ReplicaId = fetch.Replica.Id,
            MaxBytes = maxBytes,
            Topics =
            [
                new()
                {
                    Name = Topic,
                    Partitions =
                    [
                        new()
                        {
                            Partition = Partition,
                            CurrentLeaderEpoch = fetch.Epoch,
                            SnapshotId = new() { EndOffset = fetch.Snapshot.EndOffset, Epoch = fetch.Snapshot.Epoch },
                            Position = fetch.Position,
                            ReplicaDirectoryId = fetch.Replica.DirectoryId,
                        },
                    ],
                },
            ],
        };

    /// <summary>What a piece of a snapshot says, with its bytes; null when it says nothing of the metadata partition.</summary>
    public static (RaftReply? Reply, Memory<byte>? Bytes)? FromWire(FetchSnapshotResponse response)
    {
        if (response.ErrorCode != ErrorCode.None || response.Topics is not [{ Partitions: [var piece] }])
        {
            return null;
        }

        LeaderAndEpoch leader = new(piece.CurrentLeader.LeaderId, piece.CurrentLeader.LeaderEpoch);
        SnapshotId snapshot = new(piece.SnapshotId.EndOffset, piece.SnapshotId.Epoch);
        return (
            new RaftFetchSnapshotReply(piece.ErrorCode, leader, snapshot, piece.Size, piece.Position, piece.UnalignedRecords.Length),
            piece.UnalignedRecords
        );
    }
}
