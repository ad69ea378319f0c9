using System.Runtime.InteropServices;
using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Raft;

namespace RaftLog.Broker.Quorum;

/// <summary>FetchSnapshot (59), versions 0 to 1: a piece of a metadata snapshot (KIP-630).</summary>
internal sealed class FetchSnapshotHandler(QuorumNode quorum, string clusterId, int maxFetchBytes)
    : IRequestHandler<FetchSnapshotRequest, FetchSnapshotResponse>
{
    public async ValueTask<FetchSnapshotResponse?> HandleAsync(FetchSnapshotRequest request, RequestContext context)
    {
        if (request.ClusterId is { } asked && asked != clusterId)
        {
            return new FetchSnapshotResponse { ErrorCode = ErrorCode.InconsistentClusterId };
        }

        if (request.Topics is not [{ Name: QuorumWire.Topic, Partitions: [{ Partition: QuorumWire.Partition } wanted] }])
        {
            return new FetchSnapshotResponse { ErrorCode = ErrorCode.InvalidRequest };
        }

        RaftFetchSnapshotRequest fetch = new(
            new ReplicaKey(request.ReplicaId, wanted.ReplicaDirectoryId),
            wanted.CurrentLeaderEpoch,
            new SnapshotId(wanted.SnapshotId.EndOffset, wanted.SnapshotId.Epoch),
            wanted.Position
        );
        return await quorum.FetchSnapshotAsync(fetch, Math.Min(maxFetchBytes, request.MaxBytes)) is { } piece
            ? Respond(fetch, piece)
            : new FetchSnapshotResponse { ErrorCode = ErrorCode.BrokerNotAvailable };
    }

    private static FetchSnapshotResponse Respond(RaftFetchSnapshotRequest asked, SnapshotPiece piece) =>
        new()
        {
            Topics =
            [
                new()
                {
                    Name = QuorumWire.Topic,
                    Partitions =
                    [
                        new()
                        {
                            Index = QuorumWire.Partition,
                            ErrorCode = piece.Error,
                            SnapshotId = new() { EndOffset = asked.Snapshot.EndOffset, Epoch = asked.Snapshot.Epoch },
                            CurrentLeader = new() { LeaderId = piece.Leader.Leader, LeaderEpoch = piece.Leader.Epoch },
                            Size = piece.Size,
                            Position = asked.Position,
                            UnalignedRecords = MemoryMarshal.AsMemory(piece.Bytes),
                        },
                    ],
                },
            ],
        };
}
