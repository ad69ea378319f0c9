using RaftLog.Broker.Handlers;
using RaftLog.Broker.Partitions;
using RaftLog.Broker.Requests;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>
/// As much of a broker's front as followers need: ApiVersions, Fetch with long polls, ListOffsets; one request at a time on a connection.
/// </summary>
internal sealed class PartitionServer : IDisposable
{
    private readonly IListener _listener;
    private readonly PartitionTable _table;
    private readonly FetchHandler _fetches;
    private readonly BufferPool _pool;
    private readonly List<IConnection> _connections = [];

    public PartitionServer(
        INetwork network,
        NetworkAddress address,
        PartitionTable table,
        FetchHandler fetches,
        BufferPool pool,
        Supervisor supervisor
    )
    {
        _table = table;
        _fetches = fetches;
        _pool = pool;
        _listener = network.Listen(address);
        supervisor.Run("accept", () => AcceptAsync(supervisor));
    }

    /// <summary>The number of fetches that came.</summary>
    public int Fetches { get; private set; }

    /// <summary>How many partitions they named, all together.</summary>
    public int NamedPartitions { get; private set; }

    /// <summary>While true, answers are made and never sent.</summary>
    public bool IsMute { get; set; }

    /// <summary>While it is set, whoever connects waits for it before its first response.</summary>
    public TaskCompletionSource? Greeting { get; set; }

    public int Connections => _connections.Count;

    public void Dispose()
    {
        _listener.Dispose();
        _connections.ForEach(connection => connection.Dispose());
    }

    private async Task AcceptAsync(Supervisor supervisor)
    {
        while (await _listener.AcceptAsync() is { } connection)
        {
            _connections.Add(connection);
            supervisor.Run("serve", () => ServeAsync(connection));
        }
    }

    private async Task ServeAsync(IConnection connection)
    {
        FrameReader frames = new(connection, _pool, 100 << 20);
        ConnectionContext client = new(_connections.Count, new NetworkAddress("follower", 1), "PLAINTEXT");
        while ((await frames.ReadAsync()).Frame is { } frame)
        {
            Memory<byte> bytes = frame.Span.ToArray();
            frame.Release();
            byte[] response = await RespondAsync(bytes, client);
            if (!IsMute)
            {
                await connection.SendAsync([response]);
            }
        }

        client.End();
    }

    private async ValueTask<byte[]> RespondAsync(Memory<byte> frame, ConnectionContext client)
    {
        (RequestHeader header, IMessage request) = Parse(frame);
        if (request is ApiVersionsRequest && Greeting is { } greeting)
        {
            await greeting.Task;
        }

        RequestContext context = new(header.ApiKey, header.ApiVersion, "", client);
        IMessage response = request switch
        {
            ApiVersionsRequest => new ApiVersionsResponse { ApiKeys = Offered() },
            FetchRequest fetch => await FetchAsync(fetch, context),
            ListOffsetsRequest list => ListOffsets(list),
            _ => throw new InvalidOperationException($"the test's server does not serve {header.ApiKey}"),
        };
        WireWriter writer = new();
        int length = writer.ReserveInt32();
        new ResponseHeader(header.CorrelationId).Write(writer, header.ApiKey, header.ApiVersion);
        response.Write(writer, header.ApiVersion);
        writer.PatchInt32(length, writer.Length - sizeof(int));
        byte[] sent = writer.ToArray();
        context.ReleaseLeases();
        return sent;
    }

    private static (RequestHeader Header, IMessage Message) Parse(Memory<byte> frame)
    {
        WireReader reader = new(frame);
        RequestHeader header = RequestHeader.Read(ref reader);
        Assert.True(ApiCatalog.TryFind(header.ApiKey, out ApiDescription? api));
        IMessage message = api.NewRequest();
        message.Read(ref reader, header.ApiVersion);
        return (header, message);
    }

    private static List<ApiVersionsResponse.ApiVersion> Offered() =>
        [
            .. ApiCatalog.All.Select(api => new ApiVersionsResponse.ApiVersion
            {
                ApiKey = (short)api.Key,
                MinVersion = api.LowestVersion,
                MaxVersion = api.HighestVersion,
            }),
        ];

    private async ValueTask<FetchResponse> FetchAsync(FetchRequest request, RequestContext context)
    {
        Fetches++;
        NamedPartitions += request.Topics.Sum(topic => topic.Partitions.Count);
        return (await _fetches.HandleAsync(request, context))!;
    }

    private ListOffsetsResponse ListOffsets(ListOffsetsRequest request)
    {
        var response = new ListOffsetsResponse();
        foreach (ListOffsetsRequest.TopicData topic in request.Topics)
        {
            var topicResult = new ListOffsetsResponse.TopicData { Name = topic.Name };
            response.Topics.Add(topicResult);
            foreach (ListOffsetsRequest.PartitionData wanted in topic.Partitions)
            {
                OffsetLookup found = _table
                    .Find(new TopicPartition(topic.Name, wanted.PartitionIndex))!
                    .FindOffset(wanted.CurrentLeaderEpoch, wanted.Timestamp, Audience.Follower);
                topicResult.Partitions.Add(
                    new()
                    {
                        PartitionIndex = wanted.PartitionIndex,
                        ErrorCode = found.Error,
                        Offset = found.Offset,
                    }
                );
            }
        }

        return response;
    }
}
