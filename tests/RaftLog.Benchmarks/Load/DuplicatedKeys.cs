using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Benchmarks.Load;

/// <summary>
/// A history for compaction: records of about 1 KB of which each key has two, in an order that is drawn and the same each time. So the
/// older a batch is, the more of it goes.
/// </summary>
internal sealed class DuplicatedKeys
{
    private const short Version = 9;
    private const int ValueBytes = 1000;
    private const int RecordsInBatch = 500;
    private const int InFlight = 4;
    private const int Seed = 13;
    private const int MostBatchBytes = 1 << 20;

    private readonly int[] _keys;
    private readonly byte[] _value = new byte[ValueBytes];

    /// <summary>Draws the order.</summary>
    /// <param name="bytes">About how many bytes of records.</param>
    public DuplicatedKeys(long bytes)
    {
        Random random = new(Seed);
        _keys = [.. Enumerable.Range(0, (int)(bytes / ValueBytes)).Select(static position => position / 2)];
        random.Shuffle(_keys);
        random.NextBytes(_value);
    }

    /// <summary>How many records there are.</summary>
    public int Records => _keys.Length;

    /// <summary>Writes all of it to partition 0 of a topic, as fast as the node takes it.</summary>
    public void Send(string address, string topic)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, int.Parse(address[(address.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture));
        int waiting = 0;
        for (int first = 0; first < _keys.Length; first += RecordsInBatch)
        {
            socket.Send(Frame(topic, _keys.AsSpan(first, Math.Min(RecordsInBatch, _keys.Length - first))));
            if (++waiting == InFlight)
            {
                Receive(socket);
                waiting--;
            }
        }

        for (; waiting > 0; waiting--)
        {
            Receive(socket);
        }
    }

    private byte[] Frame(string topic, ReadOnlySpan<int> keys)
    {
        using RecordBatchBuilder batch = new(new RecordBatchOptions(MostBatchBytes, CompressionType.None));
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        foreach (int key in keys)
        {
            batch.TryAppend(now, BitConverter.GetBytes((long)key), new NullableBytes(_value));
        }

        ProduceRequest request = new()
        {
            Acks = 1,
            TimeoutMs = 30_000,
            TopicData = [new() { Name = topic, PartitionData = [new() { Index = 0, Records = batch.Seal().ToArray() }] }],
        };
        WireWriter writer = new();
        int length = writer.ReserveInt32();
        new RequestHeader(ApiKey.Produce, Version, 1, "compaction").Write(writer);
        request.Write(writer, Version);
        writer.PatchInt32(length, writer.Length - sizeof(int));
        return writer.ToArray();
    }

    private static void Receive(Socket socket)
    {
        byte[] frame = Receive(socket, BinaryPrimitives.ReadInt32BigEndian(Receive(socket, sizeof(int))));
        WireReader reader = new(frame);
        ResponseHeader.Read(ref reader, ApiKey.Produce, Version);
        ProduceResponse response = new();
        response.Read(ref reader, Version);
        ErrorCode error = response.Responses[0].PartitionResponses[0].ErrorCode;
        if (error != ErrorCode.None)
        {
            throw new InvalidOperationException($"the node rejects a batch: {error}");
        }
    }

    private static byte[] Receive(Socket socket, int length)
    {
        byte[] bytes = new byte[length];
        for (int received = 0; received < length; )
        {
            int read = socket.Receive(bytes, received, length - received, SocketFlags.None);
            received += read > 0 ? read : throw new InvalidOperationException("the node closed the connection; its log says why");
        }

        return bytes;
    }
}
