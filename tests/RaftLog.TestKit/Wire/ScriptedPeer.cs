using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Rpc;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.TestKit;

/// <summary>A node that answers as the test says: the real frames and codec, and no logic of its own.</summary>
public sealed class ScriptedPeer : IDisposable
{
    private readonly BufferPool _pool;
    private readonly IListener _listener;
    private readonly List<IConnection> _connections = [];

    public ScriptedPeer(INetwork network, NetworkAddress address, TimeProvider time, Supervisor supervisor)
    {
        _pool = new BufferPool(time, BufferPoolLimits.Default);
        _listener = network.Listen(address);
        supervisor.Run("scripted peer", () => AcceptAsync(supervisor));
    }

    public NetworkAddress Address => _listener.Address;

    /// <summary>The highest version of ApiVersions that the peer knows.</summary>
    public short HighestApiVersions { get; set; } = ApiVersionsRequest.HighestVersion;

    /// <summary>The highest version offered of an API, where that is not the highest there is.</summary>
    public Dictionary<ApiKey, short> Highest { get; } = [];

    /// <summary>The features that the cluster has finalized, with their levels.</summary>
    public SortedDictionary<string, short> Features { get; } = new(StringComparer.Ordinal);

    /// <summary>Responds to a request; null keeps silent for ever.</summary>
    public Func<RequestHeader, IMessage, IMessage?> Respond { get; set; } = (_, _) => null;

    /// <summary>Responds to a request when the time has come; asked instead of <see cref="Response"/> where it is set.</summary>
    public Func<RequestHeader, IMessage, ValueTask<IMessage?>>? RespondLater { get; set; }

    /// <summary>Changes the frames of a response before they are sent.</summary>
    public Func<byte[], byte[]> Distort { get; set; } = frame => frame;

    public List<(RequestHeader Header, IMessage Message)> Received { get; } = [];

    public int Connections => _connections.Count;

    public void CloseConnections() => _connections.ForEach(connection => connection.Dispose());

    public void ResetConnections() => _connections.ForEach(connection => connection.Reset());

    public void Dispose()
    {
        _listener.Dispose();
        CloseConnections();
    }

    private async Task AcceptAsync(Supervisor supervisor)
    {
        while (await _listener.AcceptAsync() is { } connection)
        {
            _connections.Add(connection);
            supervisor.Run("scripted connection", () => ServeAsync(connection));
        }
    }

    private async Task ServeAsync(IConnection connection)
    {
        FrameReader frames = new(connection, _pool, 100 << 20);
        while ((await frames.ReadAsync()).Frame is { } frame)
        {
            Memory<byte> bytes = frame.Span.ToArray();
            frame.Release();
            if (await RespondAsync(bytes) is { } response)
            {
                await connection.SendAsync([Distort(response)]);
            }
        }
    }

    private async ValueTask<byte[]?> RespondAsync(Memory<byte> frame)
    {
        (RequestHeader header, IMessage? message) = Parse(frame);
        if (message is null)
        {
            return Encode(header, 0, new ApiVersionsResponse { ErrorCode = ErrorCode.UnsupportedVersion, ApiKeys = Offered() });
        }

        Received.Add((header, message));
        IMessage? reply =
            message is ApiVersionsRequest ? new ApiVersionsResponse { ApiKeys = Offered(), FinalizedFeatures = Finalized() }
            : RespondLater is { } later ? await later(header, message)
            : Respond(header, message);
        return reply is null ? null : Encode(header, header.ApiVersion, reply);
    }

    private (RequestHeader Header, IMessage? Message) Parse(Memory<byte> frame)
    {
        WireReader reader = new(frame);
        RequestHeader header = RequestHeader.Read(ref reader);
        if (header.ApiKey == ApiKey.ApiVersions && header.ApiVersion > HighestApiVersions)
        {
            return (header, null);
        }

        Assert.True(ApiCatalog.TryFind(header.ApiKey, out ApiDescription? api));
        IMessage message = api.NewRequest();
        message.Read(ref reader, header.ApiVersion);
        return (header, message);
    }

    private List<ApiVersionsResponse.ApiVersion> Offered()
    {
        List<ApiVersionsResponse.ApiVersion> offered = [];
        foreach (ApiDescription api in ApiCatalog.All)
        {
            short highest = api.Key == ApiKey.ApiVersions ? HighestApiVersions : Highest.GetValueOrDefault(api.Key, api.HighestVersion);
            offered.Add(
                new()
                {
                    ApiKey = (short)api.Key,
                    MinVersion = api.LowestVersion,
                    MaxVersion = highest,
                }
            );
        }

        return offered;
    }

    private List<ApiVersionsResponse.FinalizedFeature> Finalized() =>
        [
            .. Features.Select(static each => new ApiVersionsResponse.FinalizedFeature
            {
                Name = each.Key,
                MinVersionLevel = each.Value,
                MaxVersionLevel = each.Value,
            }),
        ];

    private static byte[] Encode(RequestHeader header, short version, IMessage response)
    {
        WireWriter writer = new();
        int length = writer.ReserveInt32();
        new ResponseHeader(header.CorrelationId).Write(writer, header.ApiKey, header.ApiVersion);
        response.Write(writer, version);
        writer.PatchInt32(length, writer.Length - sizeof(int));
        return writer.ToArray();
    }
}
