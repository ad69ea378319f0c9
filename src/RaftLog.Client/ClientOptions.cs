using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using RaftLog.Client.Observability;
using RaftLog.Platform;

namespace RaftLog.Client;

/// <summary>What all clients of one cluster share. The names in brackets are Kafka's keys.</summary>
public sealed record ClientOptions
{
    /// <summary>Where to ask first; any broker of the cluster will do (bootstrap.servers).</summary>
    public required IReadOnlyList<NetworkAddress> BootstrapServers { get; init; }

    /// <summary>What the names of <see cref="BootstrapServers"/> stand for (client.dns.lookup).</summary>
    public ClientDnsLookup DnsLookup { get; init; } = ClientDnsLookup.UseAllDnsIps;

    /// <summary>The name in the broker's logs and quotas (client.id).</summary>
    public string ClientId { get; init; } = "raftlog";

    /// <summary>How long one request may take (request.timeout.ms).</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a call may take with all its retries (default.api.timeout.ms).</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a connect may take (socket.connection.setup.timeout.ms).</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The pause before the first retry; each further one is twice as long (retry.backoff.ms).</summary>
    public TimeSpan RetryBackoff { get; init; } = TimeSpan.FromMilliseconds(10);

    /// <summary>The longest pause between retries (retry.backoff.max.ms).</summary>
    public TimeSpan RetryBackoffMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How old metadata may be before it is asked for again without a reason (metadata.max.age.ms).</summary>
    public TimeSpan MetadataMaxAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The most memory for responses that are being received or read. A consumer that has reached it fetches nothing more until its
    /// reader gives some back.
    /// </summary>
    public long ReceiveMemory { get; init; } = 256L << 20;

    /// <summary>
    /// Takes the client's events, under the category <see cref="TelemetryNames.Source"/>; null for none. <c>docs/client-events.md</c> lists
    /// them.
    /// </summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>Makes the client's meter, as a host's services do; null for one of its own.</summary>
    public IMeterFactory? MeterFactory { get; init; }

    /// <summary>Reads <c>host:port,host:port</c>; an IPv6 address stands in brackets.</summary>
    /// <exception cref="FormatException">The text is not of that form.</exception>
    public static IReadOnlyList<NetworkAddress> ParseServers(string text)
    {
        List<NetworkAddress> servers = [];
        foreach (string part in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int colon = part.LastIndexOf(':');
            if (colon <= 0 || !int.TryParse(part.AsSpan(colon + 1), out int port) || port is < 1 or > 65535)
            {
                throw new FormatException($"bootstrap.servers: '{part}' is not host:port; write for instance localhost:9092");
            }

            servers.Add(new NetworkAddress(part[..colon].Trim('[', ']'), port));
        }

        return servers.Count > 0
            ? servers
            : throw new FormatException("bootstrap.servers: there is no server; write for instance localhost:9092");
    }
}
