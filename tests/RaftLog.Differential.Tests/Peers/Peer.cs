using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;
using Xunit.Sdk;

namespace RaftLog.Differential.Tests.Peers;

/// <summary>
/// One of the two nodes that get the same requests. What a request needs to know of its node, such as a topic's id, is asked here.
/// </summary>
/// <param name="name">The node's name, for failures.</param>
/// <param name="port">Its port for clients.</param>
/// <param name="controller">The same node on its port for controllers, where that is asked too.</param>
internal sealed class Peer(string name, int port, Peer? controller = null) : IDisposable
{
    private readonly Dictionary<Uuid, string> _topics = [];
    private readonly Dictionary<ApiKey, short> _limits = [];
    private WireClient? _client;

    /// <summary>The node's name.</summary>
    public string Name { get; } = name;

    /// <summary>Its port for clients.</summary>
    public int Port { get; } = port;

    /// <summary>The same node on its port for controllers.</summary>
    public Peer Controller => controller ?? throw new XunitException($"{Name} is not asked on its port for controllers");

    /// <summary>The id under which both nodes stand in their clusters.</summary>
    public static NodeId NodeId { get; } = new(1);

    /// <summary>The name of a topic by this node's id of it, or null.</summary>
    public string? TopicName(Uuid id) => _topics.GetValueOrDefault(id);

    /// <summary>The id that this node has given to a topic.</summary>
    public async Task<Uuid> TopicIdAsync(string topic)
    {
        MetadataResponse response = await AskAsync(
            new MetadataRequest { Topics = [new() { Name = topic }], AllowAutoTopicCreation = false }
        );
        Learn(topic, response.Topics[0].TopicId);
        return response.Topics[0].TopicId;
    }

    /// <summary>Notes an id that a response has told.</summary>
    public void Learn(string topic, Uuid id)
    {
        if (id != Uuid.Zero)
        {
            _topics[id] = topic;
        }
    }

    /// <summary>Lowers the versions that are asked to those of another node, so that the same request is the same bytes.</summary>
    public async Task LimitToAsync(Peer other)
    {
        ApiVersionsResponse spoken = await other.AskVersionAsync(
            new ApiVersionsRequest { ClientSoftwareName = "raftlog-tests", ClientSoftwareVersion = "1.0" },
            3
        );
        foreach (ApiVersionsResponse.ApiVersion api in spoken.ApiKeys)
        {
            _limits[(ApiKey)api.ApiKey] = api.MaxVersion;
        }
    }

    /// <summary>True when both nodes speak the version.</summary>
    public bool Speaks(ApiKey api, short version) => _limits.GetValueOrDefault(api, short.MaxValue) >= version;

    /// <summary>Asks in the highest version that both nodes and the tests speak, or below.</summary>
    public async Task<TResponse> AskAsync<TResponse>(IRequest<TResponse> request, short highestVersion = short.MaxValue)
        where TResponse : class, IVersionedMessage, new() =>
        await WithClientAsync(client =>
            client.AskAsync(request, Math.Min(highestVersion, _limits.GetValueOrDefault(request.Api, short.MaxValue)))
        );

    /// <summary>Asks in exactly this version.</summary>
    public async Task<TResponse> AskVersionAsync<TResponse>(IRequest<TResponse> request, short version)
        where TResponse : class, IVersionedMessage, new() => await WithClientAsync(client => client.AskVersionAsync(request, version));

    /// <inheritdoc/>
    public void Dispose()
    {
        _client?.Dispose();
        controller?.Dispose();
    }

    private async Task<TResponse> WithClientAsync<TResponse>(Func<WireClient, Task<TResponse>> ask)
    {
        _client ??= await WireClient.ConnectAsync(Port);
        try
        {
            return await ask(_client);
        }
        catch (WireException)
        {
            // A node may end the connection over a request that it does not understand; the next request gets a fresh one.
            _client.Dispose();
            _client = null;
            throw;
        }
    }
}
