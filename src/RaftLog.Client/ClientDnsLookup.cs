namespace RaftLog.Client;

/// <summary>What the names of bootstrap servers stand for (client.dns.lookup, KIP-235, KIP-302).</summary>
public enum ClientDnsLookup
{
    /// <summary>All addresses of a name are tried in turn until one takes the connection.</summary>
    UseAllDnsIps = 0,

    /// <summary>
    /// A bootstrap server is an alias: each of its addresses is looked up again for its own name, and these names are connected to. For
    /// what checks names: TLS, Kerberos. The names of brokers are taken as for <see cref="UseAllDnsIps"/>.
    /// </summary>
    ResolveCanonicalBootstrapServersOnly = 1,
}
