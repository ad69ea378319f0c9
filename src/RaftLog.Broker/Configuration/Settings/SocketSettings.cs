namespace RaftLog.Broker.Configuration;

/// <summary>The connections of a node.</summary>
/// <param name="SendBufferBytes"><c>socket.send.buffer.bytes</c>: -1: left to the operating system.</param>
/// <param name="ReceiveBufferBytes"><c>socket.receive.buffer.bytes</c>: -1: left to the operating system.</param>
/// <param name="RequestMaxBytes"><c>socket.request.max.bytes</c>: largest request; a larger one closes its connection.</param>
/// <param name="Backlog"><c>socket.listen.backlog.size</c>: connections that wait to be accepted.</param>
/// <param name="MaxIdleMs"><c>connections.max.idle.ms</c>: a connection idle for so long is closed.</param>
/// <param name="MaxConnections"><c>max.connections</c>: connections of the node.</param>
/// <param name="MaxConnectionsPerAddress"><c>max.connections.per.ip</c>: connections from one address.</param>
/// <param name="QueuedRequests"><c>queued.max.requests</c>: requests in hand before connections are read no further.</param>
public sealed record SocketSettings(
    int SendBufferBytes,
    int ReceiveBufferBytes,
    int RequestMaxBytes,
    int Backlog,
    long MaxIdleMs,
    int MaxConnections,
    int MaxConnectionsPerAddress,
    int QueuedRequests)
{
    internal static SocketSettings Read(SettingsReader settings) => new(
        settings.Int("socket.send.buffer.bytes"),
        settings.Int("socket.receive.buffer.bytes"),
        settings.Int("socket.request.max.bytes"),
        settings.Int("socket.listen.backlog.size"),
        settings.Long("connections.max.idle.ms"),
        settings.Int("max.connections"),
        settings.Int("max.connections.per.ip"),
        settings.Int("queued.max.requests"));
}
