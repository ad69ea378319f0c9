namespace RaftLog.Broker.Network;

/// <summary>What is counted of connections since the node started.</summary>
/// <param name="Open">Connections that are open now.</param>
/// <param name="Accepted">Connections that were accepted.</param>
/// <param name="Rejected">Connections that were closed at once, because a bound was reached.</param>
/// <param name="BytesReceived">Bytes that clients have sent.</param>
/// <param name="BytesSent">Bytes that clients were sent.</param>
internal readonly record struct ConnectionCounts(long Open, long Accepted, long Rejected, long BytesReceived, long BytesSent)
{
    public static ConnectionCounts operator +(ConnectionCounts left, ConnectionCounts right) =>
        new(
            left.Open + right.Open,
            left.Accepted + right.Accepted,
            left.Rejected + right.Rejected,
            left.BytesReceived + right.BytesReceived,
            left.BytesSent + right.BytesSent
        );
}
