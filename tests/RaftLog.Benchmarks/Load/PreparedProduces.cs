using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Benchmarks.Load;

/// <summary>Produce requests of one idempotent producer, made beforehand, so that sending them allocates nothing.</summary>
internal sealed class PreparedProduces : IDisposable
{
    private const short Version = 9;
    private const int RecordBytes = 100;

    private readonly Socket _socket;
    private readonly byte[][] _frames;
    private readonly bool _hasResponse;
    private readonly byte[] _received = new byte[64 << 10];
    private int _next;
    private int _buffered;

    /// <summary>Connects, and makes requests of one record for each partition.</summary>
    public PreparedProduces(string address, string topic, int partitions, short acks, int producer, int requests)
    {
        _hasResponse = acks != 0;
        _frames = [.. Enumerable.Range(0, requests).Select(number => Frame(topic, partitions, acks, producer, number))];
        int colon = address.LastIndexOf(':');
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _socket.Connect(IPAddress.Loopback, int.Parse(address[(colon + 1)..], System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Sends as many, so many at once, and waits for all responses.</summary>
    public void Send(int requests, int inFlight)
    {
        int sent = 0;
        int received = 0;
        while (received < requests)
        {
            while (sent < requests && sent - received < inFlight)
            {
                _socket.Send(_frames[_next++]);
                sent++;
            }

            received += _hasResponse ? Receive() : sent - received;
        }
    }

    public void Dispose() => _socket.Dispose();

    private static byte[] Frame(string topic, int partitions, short acks, int producer, int number)
    {
        using RecordBatchBuilder batch = new(new RecordBatchOptions(1 << 16, CompressionType.None))
        {
            Producer = new ProducerStamp(new ProducerId(producer), new ProducerEpoch(0), number),
        };
        batch.TryAppend(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), NullableBytes.Null, new byte[RecordBytes]);
        byte[] records = batch.Seal().ToArray();
        ProduceRequest request = new()
        {
            Acks = acks,
            TimeoutMs = 30_000,
            TopicData =
            [
                new()
                {
                    Name = topic,
                    PartitionData =
                    [
                        .. Enumerable
                            .Range(0, partitions)
                            .Select(index => new ProduceRequest.PartitionProduceData { Index = index, Records = records }),
                    ],
                },
            ],
        };
        WireWriter writer = new();
        int length = writer.ReserveInt32();
        new RequestHeader(ApiKey.Produce, Version, number, "allocations").Write(writer);
        request.Write(writer, Version);
        writer.PatchInt32(length, writer.Length - sizeof(int));
        return writer.ToArray();
    }

    /// <summary>Receives at least one response, and says how many.</summary>
    private int Receive()
    {
        int count = 0;
        while (count == 0)
        {
            int read = _socket.Receive(_received, _buffered, _received.Length - _buffered, SocketFlags.None);
            if (read == 0)
            {
                throw new InvalidOperationException("the node closed the connection; its log says why");
            }

            _buffered += read;
            int start = 0;
            while (
                _buffered - start >= sizeof(int)
                && BinaryPrimitives.ReadInt32BigEndian(_received.AsSpan(start)) is int length
                && length <= _buffered - start - sizeof(int)
            )
            {
                start += sizeof(int) + length;
                count++;
            }

            _received.AsSpan(start, _buffered - start).CopyTo(_received);
            _buffered -= start;
        }

        return count;
    }
}
