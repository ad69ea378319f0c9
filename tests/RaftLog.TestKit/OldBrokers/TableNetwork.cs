using System.Buffers.Binary;
using RaftLog.Platform;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.TestKit;

/// <summary>
/// A network on which every broker is as old as a recorded table: it tells that table, and ends the connection over a request outside of
/// it, as a broker does. All else is the broker's own.
/// </summary>
public sealed class TableNetwork(INetwork inner, BrokerTable table) : INetwork
{
    private readonly Lock _lock = new();
    private readonly SortedSet<(ApiKey Api, short Version)> _asked = [];
    private readonly SortedSet<(ApiKey Api, short Version)> _rejected = [];

    private BrokerTable Table => table;

    /// <summary>The requests that have come, each with its version.</summary>
    public List<(ApiKey Api, short Version)> Asked => Copy(_asked);

    /// <summary>Those that such a broker does not know.</summary>
    public List<(ApiKey Api, short Version)> Rejected => Copy(_rejected);

    public IListener Listen(NetworkAddress address) => inner.Listen(address);

    public async ValueTask<ConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
    {
        ConnectResult result = await inner.ConnectAsync(address, timeout, cancel);
        return result.Connection is { } connection ? result with { Connection = new Aged(this, connection) } : result;
    }

    private List<(ApiKey Api, short Version)> Copy(SortedSet<(ApiKey Api, short Version)> set)
    {
        lock (_lock)
        {
            return [.. set];
        }
    }

    private bool Allows(RequestHeader header)
    {
        lock (_lock)
        {
            bool isServed = table.Serves(header.ApiKey, header.ApiVersion) || header.ApiKey == ApiKey.ApiVersions;
            (isServed ? _asked : _rejected).Add((header.ApiKey, header.ApiVersion));
            return isServed;
        }
    }

    private sealed class Aged(TableNetwork network, IConnection inner) : IConnection
    {
        private readonly Lock _lock = new();
        private readonly Dictionary<int, short> _handshakes = [];
        private readonly List<byte> _sending = [];
        private readonly List<byte> _receiving = [];
        private readonly byte[] _chunk = new byte[64 << 10];
        private byte[] _ready = [];
        private int _taken;

        public NetworkAddress Peer => inner.Peer;

        public long BytesSent => inner.BytesSent;

        public async ValueTask<bool> SendAsync(IReadOnlyList<SendPiece> pieces)
        {
            foreach (SendPiece piece in pieces)
            {
                byte[] bytes = new byte[piece.Length];
                piece.CopyTo(0, bytes);
                _sending.AddRange(bytes);
            }

            List<byte> passed = [];
            foreach (byte[] frame in TakeFrames(_sending))
            {
                WireReader reader = new(frame.AsMemory(sizeof(int)));
                RequestHeader header = RequestHeader.Read(ref reader);
                if (!network.Allows(header))
                {
                    inner.Reset();
                    return false;
                }

                passed.AddRange(header.ApiKey == ApiKey.ApiVersions ? Handshake(header) : frame);
            }

            return await inner.SendAsync([passed.ToArray().AsMemory()]);
        }

        public async ValueTask<int> ReceiveAsync(Memory<byte> target)
        {
            while (_taken == _ready.Length)
            {
                int count = await inner.ReceiveAsync(_chunk);
                if (count <= 0)
                {
                    return count;
                }

                _receiving.AddRange(_chunk.AsSpan(0, count));
                _ready = [.. TakeFrames(_receiving).SelectMany(Aging)];
                _taken = 0;
            }

            int length = Math.Min(target.Length, _ready.Length - _taken);
            _ready.AsSpan(_taken, length).CopyTo(target.Span);
            _taken += length;
            return length;
        }

        public void Reset() => inner.Reset();

        public void Dispose() => inner.Dispose();

        /// <summary>The broker below is asked in the one version that every broker knows; what it says is not passed on.</summary>
        private byte[] Handshake(RequestHeader header)
        {
            lock (_lock)
            {
                _handshakes.Add(header.CorrelationId, header.ApiVersion);
            }

            WireWriter writer = new();
            int length = writer.ReserveInt32();
            (header with { ApiVersion = 0 }).Write(writer);
            writer.PatchInt32(length, writer.Length - sizeof(int));
            return writer.ToArray();
        }

        private byte[] Aging(byte[] frame)
        {
            int correlationId = BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(sizeof(int)));
            short asked;
            lock (_lock)
            {
                if (!_handshakes.Remove(correlationId, out asked))
                {
                    return frame;
                }
            }

            (ApiVersionsResponse response, short version) = network.Table.Respond(asked);
            WireWriter writer = new();
            int length = writer.ReserveInt32();
            new ResponseHeader(correlationId).Write(writer, ApiKey.ApiVersions, version);
            response.Write(writer, version);
            writer.PatchInt32(length, writer.Length - sizeof(int));
            return writer.ToArray();
        }

        private static List<byte[]> TakeFrames(List<byte> bytes)
        {
            List<byte[]> frames = [];
            int at = 0;
            while (bytes.Count - at >= sizeof(int))
            {
                int size = sizeof(int) + BinaryPrimitives.ReadInt32BigEndian(bytes.Slice(at, sizeof(int)).ToArray());
                if (bytes.Count - at < size)
                {
                    break;
                }

                frames.Add([.. bytes.Slice(at, size)]);
                at += size;
            }

            bytes.RemoveRange(0, at);
            return frames;
        }
    }
}
