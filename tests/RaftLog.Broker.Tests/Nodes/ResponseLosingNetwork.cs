using System.Buffers.Binary;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Nodes;

/// <summary>
/// A network that resets a connection when the response to one kind of request arrives, which nobody sees then; once for each time that it
/// is told to.
/// </summary>
internal sealed class ResponseLosingNetwork(INetwork network, ApiKey api) : INetwork
{
    private int _toLose;
    private int _sent;
    private int _lost;

    /// <summary>How many requests of the kind were sent.</summary>
    public int Sent => Volatile.Read(ref _sent);

    /// <summary>How many answers were lost.</summary>
    public int Lost => Volatile.Read(ref _lost);

    /// <summary>Loses the response to the next request of the kind over a connection that is made to a port.</summary>
    public int? Port { get; set; }

    public void LoseNext() => Interlocked.Increment(ref _toLose);

    public IListener Listen(NetworkAddress address) => network.Listen(address);

    public async ValueTask<ConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
    {
        ConnectResult result = await network.ConnectAsync(address, timeout, cancel);
        return result.Connection is { } connection && address.Port == Port
            ? result with
            {
                Connection = new Watched(this, connection),
            }
            : result;
    }

    private bool Sees(IReadOnlyList<SendPiece> pieces)
    {
        // Each request is a piece of its own: its length, and its API.
        int count = pieces.Count(piece => piece.Length > 6 && BinaryPrimitives.ReadInt16BigEndian(piece.Memory.Span[4..]) == (short)api);
        Interlocked.Add(ref _sent, count);
        return count > 0 && Interlocked.Exchange(ref _toLose, 0) > 0;
    }

    private sealed class Watched(ResponseLosingNetwork network, IConnection connection) : IConnection
    {
        private volatile bool _loses;

        public NetworkAddress Peer => connection.Peer;

        public long BytesSent => connection.BytesSent;

        public ValueTask<bool> SendAsync(IReadOnlyList<SendPiece> pieces)
        {
            _loses |= network.Sees(pieces);
            return connection.SendAsync(pieces);
        }

        public async ValueTask<int> ReceiveAsync(Memory<byte> target)
        {
            int count = await connection.ReceiveAsync(target);
            if (!_loses || count <= 0)
            {
                return count;
            }

            Interlocked.Increment(ref network._lost);
            connection.Reset();
            return 0;
        }

        public void Reset() => connection.Reset();

        public void Dispose() => connection.Dispose();
    }
}
