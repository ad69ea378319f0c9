namespace RaftLog.Broker.Configuration;

/// <summary>The connections of a node.</summary>
/// <param name="SendBufferBytes"><c>socket.send.buffer.bytes</c>: -1: left to the operating system.</param>
/// <param name="ReceiveBufferBytes"><c>socket.receive.buffer.bytes</c>: -1: left to the operating system.</param>
/// <param name="RequestMaxBytes"><c>socket.request.max.bytes</c>: largest request; a larger one closes its connection.</param>
/// <param name="MaxIdleMs"><c>connections.max.idle.ms</c>: a connection idle for so long is closed.</param>
/// <param name="StallTimeoutMs"><c>raftlog.connection.stall.timeout.ms</c>: a client that lets half a response or request lie for so long
/// is disconnected.</param>
public sealed record SocketSettings(int SendBufferBytes, int ReceiveBufferBytes, int RequestMaxBytes, long MaxIdleMs, int StallTimeoutMs)
{
    internal static SocketSettings Read(SettingsReader settings) =>
        new(
            settings.Int("socket.send.buffer.bytes"),
            settings.Int("socket.receive.buffer.bytes"),
            settings.Int("socket.request.max.bytes"),
            settings.Long("connections.max.idle.ms"),
            settings.Int("raftlog.connection.stall.timeout.ms")
        );
}
