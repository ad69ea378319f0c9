using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation;

/// <summary>Reads along on one connection, at the moment in which bytes leave a program, and hands the messages that make promises to the invariants.</summary>
internal sealed class WireTap
{
    private readonly PromiseWatch _watch;
    private readonly int _client;
    private readonly int _server;
    private readonly FrameSplitter _requests;
    private readonly FrameSplitter _responses;
    private readonly Dictionary<int, (RequestHeader Header, IMessage Request)> _open = [];

    internal WireTap(PromiseWatch watch, int client, int server)
    {
        _watch = watch;
        _client = client;
        _server = server;
        _requests = new FrameSplitter(Requested);
        _responses = new FrameSplitter(Answered);
    }

    internal void FromClient(byte[] bytes) => _requests.Take(bytes);

    internal void FromServer(byte[] bytes) => _responses.Take(bytes);

    private static bool IsWatched(ApiKey key) => key is
        ApiKey.Produce or ApiKey.Fetch or ApiKey.Vote or ApiKey.BeginQuorumEpoch or ApiKey.AlterPartition;

    private void Requested(Memory<byte> frame)
    {
        if (frame.Length < sizeof(int) * 2 || !IsWatched((ApiKey)System.Buffers.Binary.BinaryPrimitives.ReadInt16BigEndian(frame.Span)))
        {
            return;
        }

        WireReader reader = new(frame);
        RequestHeader header = RequestHeader.Read(ref reader);
        if (!ApiCatalog.TryFind(header.ApiKey, out ApiDescription? api) || !api.Supports(header.ApiVersion))
        {
            return;
        }

        IMessage request = api.NewRequest();
        request.Read(ref reader, header.ApiVersion);
        _open[header.CorrelationId] = (header, request);
        switch (request)
        {
            case FetchRequest fetch:
                _watch.FetchLeaves(_client, fetch, header.ApiVersion);
                break;
            case VoteRequest vote:
                _watch.Quorum.VoteRequestLeaves(_client, vote);
                break;
            case BeginQuorumEpochRequest begin:
                _watch.Quorum.BeginLeaves(_client, begin);
                break;
            default:
                break;
        }
    }

    private void Answered(Memory<byte> frame)
    {
        if (frame.Length < sizeof(int)
            || !_open.Remove(System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(frame.Span), out (RequestHeader Header, IMessage Request) asked))
        {
            return;
        }

        WireReader reader = new(frame);
        ResponseHeader.Read(ref reader, asked.Header.ApiKey, asked.Header.ApiVersion);
        ApiCatalog.TryFind(asked.Header.ApiKey, out ApiDescription? api);
        IMessage response = api!.NewResponse();
        response.Read(ref reader, asked.Header.ApiVersion);
        switch (response)
        {
            case ProduceResponse produced:
                _watch.Rare.Produced(produced);
                _watch.ProducedLeaves(_server, (ProduceRequest)asked.Request, produced, asked.Header.ApiVersion);
                break;
            case FetchResponse fetched:
                _watch.Rare.Fetched(fetched);
                _watch.FetchedLeaves(_server, (FetchRequest)asked.Request, fetched, asked.Header.ApiVersion, this);
                break;
            case VoteResponse voted:
                _watch.Rare.Voted((VoteRequest)asked.Request, voted);
                _watch.Quorum.VoteLeaves(_server, (VoteRequest)asked.Request, voted);
                break;
            case AlterPartitionResponse changed:
                _watch.Rare.Changed(changed);
                break;
            default:
                break;
        }
    }
}
