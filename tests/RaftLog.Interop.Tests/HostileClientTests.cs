using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using RaftLog.Interop.Tests.Clusters;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Interop.Tests;

/// <summary>Clients that mean harm, or are broken. The node goes on serving others, and its memory stays small.</summary>
public sealed class HostileClientTests
{
    private const long MostGrowth = 100L << 20;
    private const string Topic = "served";

    [Fact]
    public async Task A_node_serves_on_whatever_clients_send()
    {
        using Cluster cluster = await Cluster.StartAsync(1);
        await cluster.WatchAsync(async _ =>
        {
            NodeProcess node = cluster.Nodes[0];
            await cluster.View.CreateTopicAsync(Topic, partitions: 1, replicas: 1);
            await MustServeAsync(cluster, "before any harm");
            long before = node.ResidentBytes;
            List<Socket> open = [];
            try
            {
                await SendRandomBytesAsync(node);
                await MustServeAsync(cluster, "after random bytes");

                await SendAsync(node, [0x7f, 0xff, 0xff, 0xff, 1, 2, 3]);
                await SendAsync(node, [0x80, 0, 0, 0]);
                await MustServeAsync(cluster, "after lengths of 2 GB and below zero");

                await AnnounceAsync(node, open, connections: 250, announced: (100 << 20) - 100);
                await MustServeAsync(cluster, "beside 250 connections that announced 100 MB and sent nothing");

                await SendHalfFramesAsync(node, open, connections: 50);
                await MustServeAsync(cluster, "beside frames that stop half-way");

                await IdleAsync(node, open, connections: 1000);
                await MustServeAsync(cluster, "beside 1000 idle connections");

                await AskInUnknownVersionsAsync(node);
                await MustServeAsync(cluster, "after versions that do not exist");
                long grown = node.ResidentBytes - before;
                Assert.True(grown <= MostGrowth, $"the node's memory grew by {grown >> 20} MiB, from {before >> 20} MiB");
            }
            finally
            {
                open.ForEach(socket => socket.Dispose());
            }

            await MustServeAsync(cluster, "after all of them are gone");
        });
    }

    private static async Task MustServeAsync(Cluster cluster, string when)
    {
        Task<bool> produced = cluster.View.TryProduceAsync(Topic, 0, RawBatches.Of(when));
        Assert.True(await produced.WaitAsync(Poll.Patience), $"a record was rejected {when}");
    }

    private static async Task SendRandomBytesAsync(NodeProcess node)
    {
        Random random = new(4711);
        for (int i = 0; i < 100; i++)
        {
            byte[] bytes = new byte[random.Next(1, 5000)];
            random.NextBytes(bytes);
            await SendAsync(node, bytes);

            // The same behind a length that fits: this reaches the parser.
            byte[] framed = new byte[bytes.Length + 4];
            BinaryPrimitives.WriteInt32BigEndian(framed, bytes.Length);
            bytes.CopyTo(framed, 4);
            await SendAsync(node, framed);

            // And behind a true header of each API: this reaches the handlers' messages.
            if (framed.Length > 14)
            {
                BinaryPrimitives.WriteInt16BigEndian(framed.AsSpan(4), (short)(i % 93));
                BinaryPrimitives.WriteInt16BigEndian(framed.AsSpan(6), (short)(i % 4));
                BinaryPrimitives.WriteInt16BigEndian(framed.AsSpan(12), -1);
                await SendAsync(node, framed);
            }
        }
    }

    private static async Task AnnounceAsync(NodeProcess node, List<Socket> open, int connections, int announced)
    {
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, announced);
        for (int i = 0; i < connections; i++)
        {
            Socket socket = await ConnectAsync(node);
            open.Add(socket);
            await socket.SendAsync(length);
        }
    }

    private static async Task SendHalfFramesAsync(NodeProcess node, List<Socket> open, int connections)
    {
        byte[] half = new byte[2048];
        BinaryPrimitives.WriteInt32BigEndian(half, half.Length * 2);
        for (int i = 0; i < connections; i++)
        {
            Socket socket = await ConnectAsync(node);
            open.Add(socket);
            await socket.SendAsync(half);
        }
    }

    private static async Task IdleAsync(NodeProcess node, List<Socket> open, int connections)
    {
        for (int i = 0; i < connections; i++)
        {
            open.Add(await ConnectAsync(node));
        }
    }

    private static async Task AskInUnknownVersionsAsync(NodeProcess node)
    {
        // KIP-511: ApiVersions in an unknown version is answered in version 0, with the versions that there are.
        byte[] future = [0, 0, 0, 12, 0, (byte)ApiKey.ApiVersions, 0, 99, 0, 0, 0, 7, 255, 255, 0, 0];
        using (Socket socket = await ConnectAsync(node))
        {
            await socket.SendAsync(future);
            byte[] response = new byte[10];
            int received = 0;
            while (received < response.Length)
            {
                int count = await socket.ReceiveAsync(response.AsMemory(received)).AsTask().WaitAsync(Poll.Patience);
                Assert.True(count > 0, "the connection was closed instead of a response");
                received += count;
            }

            Assert.Equal(7, BinaryPrimitives.ReadInt32BigEndian(response.AsSpan(4)));
            Assert.Equal((short)ErrorCode.UnsupportedVersion, BinaryPrimitives.ReadInt16BigEndian(response.AsSpan(8)));
        }

        // Any other API in an unknown version, and an unknown API, end the connection.
        await MustBeClosedAsync(node, [0, 0, 0, 12, 0, (byte)ApiKey.Metadata, 0, 99, 0, 0, 0, 7, 255, 255, 0, 0]);
        await MustBeClosedAsync(node, [0, 0, 0, 12, 0x7f, 0, 0, 0, 0, 0, 0, 7, 255, 255, 0, 0]);
    }

    private static async Task MustBeClosedAsync(NodeProcess node, byte[] frame)
    {
        using Socket socket = await ConnectAsync(node);
        await socket.SendAsync(frame);
        int count;
        try
        {
            count = await socket.ReceiveAsync(new byte[16]).WaitAsync(Poll.Patience);
        }
        catch (SocketException)
        {
            count = 0;
        }

        Assert.Equal(0, count);
    }

    /// <summary>Sends and goes away. The node may close first, which is as good.</summary>
    private static async Task SendAsync(NodeProcess node, byte[] bytes)
    {
        using Socket socket = await ConnectAsync(node);
        try
        {
            await socket.SendAsync(bytes);
        }
        catch (SocketException) { }
    }

    private static async Task<Socket> ConnectAsync(NodeProcess node)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, node.Port)).WaitAsync(Poll.Patience);
        return socket;
    }
}
