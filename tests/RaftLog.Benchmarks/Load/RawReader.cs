using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Benchmarks.Load;

/// <summary>
/// The cheapest consumer there can be: one connection to a node that leads all partitions, one fetch after the other, and the bytes thrown
/// away. What it reads a second is what the node can send.
/// </summary>
internal sealed class RawReader : IDisposable
{
    private const short Version = 4;
    private const int MaxBytes = 55 << 20;
    private const int LengthOfHead = 12;
    private const int LastOffsetDeltaAt = 23;

    private readonly Socket _socket;
    private readonly string _topic;
    private readonly int _partitionBytes;
    private readonly long[] _offsets;
    private byte[] _buffer = new byte[8 << 20];

    /// <summary>Connects.</summary>
    /// <param name="address">A node, as host:port.</param>
    /// <param name="topic">What to read.</param>
    /// <param name="partitions">Its partitions, all of them.</param>
    /// <param name="partitionBytes">The most bytes of a partition in a response.</param>
    public RawReader(string address, string topic, int partitions, int partitionBytes)
    {
        _topic = topic;
        _partitionBytes = partitionBytes;
        _offsets = new long[partitions];
        int colon = address.LastIndexOf(':');
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect(IPAddress.Loopback, int.Parse(address[(colon + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Reads from the first offset until a number of records has come; the bytes that were received.</summary>
    public long Read(long records)
    {
        long received = 0;
        while (_offsets.Sum() < records)
        {
            Ask();
            received += Receive();
        }

        return received;
    }

    /// <summary>Asks for records, and does nothing about the response.</summary>
    public void Ask()
    {
        FetchRequest request = new()
        {
            MaxWaitMs = 500,
            MinBytes = 1,
            MaxBytes = MaxBytes,
            Topics =
            [
                new()
                {
                    Topic = _topic,
                    Partitions =
                    [
                        .. _offsets.Select(
                            (offset, index) =>
                                new FetchRequest.FetchPartition
                                {
                                    Partition = index,
                                    FetchOffset = new Offset(offset),
                                    PartitionMaxBytes = _partitionBytes,
                                }
                        ),
                    ],
                },
            ],
        };
        WireWriter writer = new();
        int length = writer.ReserveInt32();
        new RequestHeader(ApiKey.Fetch, Version, 1, "raw").Write(writer);
        request.Write(writer, Version);
        writer.PatchInt32(length, writer.Length - sizeof(int));
        _socket.Send(writer.ToArray());
    }

    /// <summary>True when the node has closed the connection; it looks and does not wait.</summary>
    public bool IsClosed
    {
        get
        {
            try
            {
                return _socket.Poll(0, SelectMode.SelectError) || (_socket.Poll(0, SelectMode.SelectRead) && _socket.Available == 0);
            }
            catch (SocketException)
            {
                return true;
            }
        }
    }

    public void Dispose() => _socket.Dispose();

    private int Receive()
    {
        Receive(sizeof(int));
        int length = BinaryPrimitives.ReadInt32BigEndian(_buffer);
        if (length > _buffer.Length)
        {
            _buffer = new byte[length];
        }

        Receive(length);
        WireReader reader = new(_buffer.AsMemory(0, length));
        ResponseHeader.Read(ref reader, ApiKey.Fetch, Version);
        FetchResponse response = new();
        response.Read(ref reader, Version);
        foreach (FetchResponse.PartitionData data in response.Responses.SelectMany(static topic => topic.Partitions))
        {
            if (data.ErrorCode != ErrorCode.None)
            {
                throw new InvalidOperationException($"{_topic}-{data.PartitionIndex}: {data.ErrorCode}");
            }

            if (NextOffset(data.Records is { } records ? records.Span : default) is { } next)
            {
                _offsets[data.PartitionIndex] = next;
            }
        }

        return length;
    }

    private void Receive(int length)
    {
        for (int received = 0; received < length; )
        {
            int read = _socket.Receive(_buffer, received, length - received, SocketFlags.None);
            received += read > 0 ? read : throw new InvalidOperationException("the node closed the connection; its log says why");
        }
    }

    /// <summary>The offset after the last whole batch.</summary>
    private static long? NextOffset(ReadOnlySpan<byte> records)
    {
        long? next = null;
        while (records.Length > LastOffsetDeltaAt + sizeof(int))
        {
            int size = LengthOfHead + BinaryPrimitives.ReadInt32BigEndian(records[8..]);
            if (size > records.Length)
            {
                break;
            }

            next = BinaryPrimitives.ReadInt64BigEndian(records) + BinaryPrimitives.ReadInt32BigEndian(records[LastOffsetDeltaAt..]) + 1;
            records = records[size..];
        }

        return next;
    }
}
