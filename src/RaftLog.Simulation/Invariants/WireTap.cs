using System.Buffers.Binary;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation;

/// <summary>
/// Reads along on one connection, at the moment in which bytes leave a program. Every response must belong to the oldest request that is
/// open there; the messages that make promises go to the invariants.
/// </summary>
internal sealed class WireTap
{
    private const int CorrelationAt = sizeof(short) * 2;

    private readonly PromiseWatch _watch;
    private readonly int _client;
    private readonly int _server;
    private readonly FrameSplitter _requests;
    private readonly FrameSplitter _responses;
    private readonly Queue<OpenRequest> _open = new();

    internal WireTap(PromiseWatch watch, int client, int server)
    {
        _watch = watch;
        _client = client;
        _server = server;
        _requests = new FrameSplitter(Requested);
        _responses = new FrameSplitter(Responded);
    }

    /// <summary>How many responses have left the server whole.</summary>
    internal long Responses { get; private set; }

    /// <summary>True while a response has begun to leave the server.</summary>
    internal bool IsMidResponse => _responses.IsMidFrame;

    internal void FromClient(byte[] bytes) => _requests.Take(bytes);

    internal void FromServer(byte[] bytes) => _responses.Take(bytes);

    private static bool IsWatched(ApiKey key) =>
        key
            is ApiKey.Produce
                or ApiKey.Fetch
                or ApiKey.Vote
                or ApiKey.BeginQuorumEpoch
                or ApiKey.AlterPartition
                or ApiKey.InitProducerId
                or ApiKey.CreateTopics
                or ApiKey.DeleteTopics
                or ApiKey.BrokerRegistration
                or ApiKey.BrokerHeartbeat
                or ApiKey.AllocateProducerIds
                or ApiKey.DeleteRecords
                or ApiKey.ListOffsets
                or ApiKey.CreatePartitions
                or ApiKey.IncrementalAlterConfigs
                or ApiKey.AlterConfigs
                or ApiKey.JoinGroup;

    private void Requested(Memory<byte> frame)
    {
        if (frame.Length < CorrelationAt + sizeof(int))
        {
            return;
        }

        ApiKey key = (ApiKey)BinaryPrimitives.ReadInt16BigEndian(frame.Span);
        short version = BinaryPrimitives.ReadInt16BigEndian(frame.Span[sizeof(short)..]);
        IMessage? request = null;
        if (IsWatched(key) && ApiCatalog.TryFind(key, out ApiDescription? api) && api.Supports(version))
        {
            WireReader reader = new(frame);
            RequestHeader.Read(ref reader);
            request = api.NewRequest();
            request.Read(ref reader, version);
        }

        if (request is not ProduceRequest { Acks: 0 })
        {
            _open.Enqueue(
                new OpenRequest(BinaryPrimitives.ReadInt32BigEndian(frame.Span[CorrelationAt..]), key, version, request, _watch.NowUs)
            );
        }

        switch (request)
        {
            case FetchRequest fetch:
                _watch.FetchLeaves(_client, fetch, version);
                break;
            case VoteRequest vote:
                _watch.Quorum.VoteRequestLeaves(_client, vote);
                break;
            case BeginQuorumEpochRequest begin:
                _watch.Quorum.BeginLeaves(_client, begin);
                break;
            case DeleteRecordsRequest deletion:
                _watch.Starts.DeletionLeaves(deletion);
                break;
            case BrokerHeartbeatRequest heartbeat:
                _watch.Beliefs.HeartbeatLeaves(heartbeat);
                break;
            default:
                break;
        }
    }

    private void Responded(Memory<byte> frame)
    {
        if (frame.Length < sizeof(int))
        {
            return;
        }

        Responses++;
        int correlation = BinaryPrimitives.ReadInt32BigEndian(frame.Span);
        if (!_open.TryDequeue(out OpenRequest asked) || asked.Correlation != correlation)
        {
            _watch.OutOfTurn(
                _server,
                correlation,
                asked.Request is null && asked.Version == 0 ? "none" : $"the {asked.Key} request {asked.Correlation}"
            );
            return;
        }

        if (asked.Request is null || !ApiCatalog.TryFind(asked.Key, out ApiDescription? api))
        {
            return;
        }

        WireReader reader = new(frame);
        ResponseHeader.Read(ref reader, asked.Key, asked.Version);
        IMessage response = api.NewResponse();
        response.Read(ref reader, asked.Version);
        switch (response)
        {
            case ProduceResponse produced:
                _watch.Rare.Produced(produced);
                _watch.ProducedLeaves(_server, (ProduceRequest)asked.Request, produced, asked.Version);
                break;
            case FetchResponse fetched:
                _watch.Rare.Fetched(fetched);
                _watch.FetchedLeaves(_server, (FetchRequest)asked.Request, fetched, asked.Version, this);
                break;
            case VoteResponse voted:
                _watch.Rare.Voted((VoteRequest)asked.Request, voted);
                _watch.Quorum.VoteLeaves(_server, (VoteRequest)asked.Request, voted);
                break;
            case AlterPartitionResponse changed:
                _watch.Rare.Changed(changed);
                break;
            case DeleteRecordsResponse deleted:
                _watch.DeletedLeaves(_server, deleted);
                break;
            case ListOffsetsResponse found:
                _watch.OffsetsLeave(_server, (ListOffsetsRequest)asked.Request, found);
                break;
            case BrokerHeartbeatResponse heard:
                _watch.Beliefs.HeartbeatAccepted(_server, (BrokerHeartbeatRequest)asked.Request, heard, asked.LeftUs);
                break;
            case InitProducerIdResponse producer:
                _watch.HandedOut.ProducerLeaves(_server, producer);
                break;
            case AllocateProducerIdsResponse block:
                _watch.HandedOut.BlockLeaves(_server, block);
                break;
            case BrokerRegistrationResponse registered:
                _watch.HandedOut.RegistrationLeaves(_server, (BrokerRegistrationRequest)asked.Request, registered);
                break;
            case CreateTopicsResponse created:
                _watch.HandedOut.TopicsLeave(_server, created);
                break;
            case CreatePartitionsResponse extended:
                _watch.HandedOut.PartitionsLeave(_server, (CreatePartitionsRequest)asked.Request, extended);
                break;
            case IncrementalAlterConfigsResponse configured:
                _watch.HandedOut.ConfigsLeave(_server, (IncrementalAlterConfigsRequest)asked.Request, configured);
                break;
            case AlterConfigsResponse configured:
                _watch.HandedOut.ConfigsLeave(_server, (AlterConfigsRequest)asked.Request, configured);
                break;
            case JoinGroupResponse joined:
                _watch.HandedOut.MemberLeaves(_server, (JoinGroupRequest)asked.Request, joined);
                break;
            case DeleteTopicsResponse deleted:
                _watch.HandedOut.DeletionsLeave(_server, deleted);
                break;
            default:
                break;
        }
    }

    /// <summary>A request that has no response yet.</summary>
    /// <param name="Correlation">What its response must carry.</param>
    /// <param name="Key">What it asks for.</param>
    /// <param name="Version">In which version.</param>
    /// <param name="Request">What it says, where somebody wants to know; else null.</param>
    private readonly record struct OpenRequest(int Correlation, ApiKey Key, short Version, IMessage? Request, long LeftUs);
}
