using System.Buffers.Binary;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Network;
using RaftLog.Broker.Requests;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Storage.Tests;

namespace RaftLog.Broker.Tests.Network;

/// <summary>How many connections a listener takes, and how long it keeps one over which nothing goes.</summary>
public sealed class ListenerLoopTests
{
    [Fact]
    public void A_connection_above_max_connections_is_closed_at_once_and_a_free_place_is_taken()
    {
        Listening listening = new(new ConnectionLimits(2, int.MaxValue));
        IConnection first = listening.Connect();
        IConnection second = listening.Connect();
        Assert.True(listening.IsClosed(listening.Connect()));
        Assert.True(listening.IsClosed(listening.Connect()));
        Assert.True(listening.Answers(first));
        Assert.True(listening.Answers(second));
        Assert.Contains("max.connections = 2 are open", Assert.Single(listening.Problems), StringComparison.Ordinal);

        listening.Close(first);
        Assert.True(listening.Answers(listening.Connect()));
        Assert.True(listening.IsClosed(listening.Connect()));
        Assert.Equal(2, listening.Problems.Count);
    }

    [Fact]
    public void A_connection_above_the_bound_of_its_address_is_closed_at_once()
    {
        Listening listening = new(new ConnectionLimits(int.MaxValue, 1));
        IConnection first = listening.Connect();
        Assert.True(listening.IsClosed(listening.Connect()));
        Assert.True(listening.Answers(first));
        Assert.Contains("max.connections.per.ip = 1 are open from localhost", Assert.Single(listening.Problems), StringComparison.Ordinal);
        listening.Close(first);
        Assert.True(listening.Answers(listening.Connect()));
    }

    [Fact]
    public void A_bound_that_is_raised_while_the_node_runs_holds_for_the_next_connection()
    {
        Listening listening = new(new ConnectionLimits(0, int.MaxValue));
        Assert.True(listening.IsClosed(listening.Connect()));
        listening.Limits = new ConnectionLimits(1, 1);
        Assert.True(listening.Answers(listening.Connect()));
    }

    [Fact]
    public void A_connection_over_which_nothing_goes_is_closed_after_its_time_and_no_other()
    {
        Listening listening = new(new ConnectionLimits(10, 10), maxIdleMs: 1_000);
        IConnection silent = listening.Connect();
        IConnection used = listening.Connect();
        IConnection waiting = listening.Connect();
        IConnection slow = listening.Connect();
        listening.Handler.Holds = true;
        listening.Send(waiting);
        listening.Handler.Holds = false;
        byte[] request = Listening.Request();
        for (int step = 0; step < request.Length; step++)
        {
            Assert.True(listening.Answers(used));
            listening.Send(slow, request.AsMemory(step, 1));
            listening.Pass(400);
        }

        Assert.True(listening.IsClosed(silent));
        Assert.True(listening.Receives(slow));
        listening.Handler.Release();
        Assert.True(listening.Receives(waiting));

        // Nobody asks any more: all are closed, and so their places are free.
        for (int step = 0; step < 8; step++)
        {
            listening.Pass(250);
        }

        Assert.All((IConnection[])[used, waiting, slow], connection => Assert.True(listening.IsClosed(connection)));
    }

    [Fact]
    public void A_negative_time_keeps_silent_connections()
    {
        Listening listening = new(new ConnectionLimits(10, 10), maxIdleMs: -1);
        IConnection silent = listening.Connect();
        listening.Pass(100_000_000);
        Assert.True(listening.Answers(silent));
    }

    /// <summary>A listener whose only API says what versions it has, in time that the test moves.</summary>
    private sealed class Listening
    {
        private readonly Pump _pump = new();
        private readonly ManualTime _time = new();
        private readonly InMemoryNetwork _network;
        private readonly NetworkAddress _address;

        public Listening(ConnectionLimits limits, long maxIdleMs = -1)
        {
            Limits = limits;
            _network = new InMemoryNetwork(_time);
            Journal journal = new(new InMemoryDisk(), _time, "/journal", Problems.Add);
            ConnectionRules rules = new(1 << 20, TimeSpan.FromMilliseconds(maxIdleMs), new ConnectionQuota(() => Limits, journal));
            ApiTable apis = new([new MessageApi<ApiVersionsRequest, ApiVersionsResponse>(Handler, 0, 0, 0)]);
            _address = _pump.Start(() =>
            {
                Waiters waiters = new(_time);
                ListenerLoop loop = new(
                    _network.Listen(new NetworkAddress("a", 9092)), "PLAINTEXT", apis, rules, new BufferPool(_time, BufferPoolLimits.Default), waiters,
                    new Supervisor(new InMemoryProcess()), journal);
                loop.Start();
                return loop.Address;
            });
        }

        public ConnectionLimits Limits { get; set; }

        public List<string> Problems { get; } = [];

        public HoldingHandler Handler { get; } = new();

        public static byte[] Request()
        {
            byte[] frame = new byte[14];
            BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - sizeof(int));
            BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(4), (short)ApiKey.ApiVersions);
            BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(12), -1);
            return frame;
        }

        public IConnection Connect()
        {
            IConnection connection = _pump.Finish(() => _network.ConnectAsync(_address, TimeSpan.FromSeconds(1), CancellationToken.None)).Connection!;
            _pump.Drain();
            return connection;
        }

        public void Send(IConnection connection) => Send(connection, Request());

        public void Send(IConnection connection, ReadOnlyMemory<byte> bytes)
        {
            Assert.True(_pump.Finish(() => connection.SendAsync([bytes])));
            _pump.Drain();
        }

        public bool Answers(IConnection connection)
        {
            Send(connection);
            return Receives(connection);
        }

        public bool Receives(IConnection connection)
        {
            byte[] answer = new byte[256];
            return _pump.Finish(() => connection.ReceiveAsync(answer)) > 0;
        }

        public bool IsClosed(IConnection connection)
        {
            byte[] answer = new byte[1];
            return _pump.Finish(() => connection.ReceiveAsync(answer)) <= 0;
        }

        public void Close(IConnection connection)
        {
            connection.Dispose();
            _pump.Drain();
        }

        public void Pass(int ms) => _pump.Start(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(ms));
            return 0;
        });
    }

    private sealed class HoldingHandler : IRequestHandler<ApiVersionsRequest, ApiVersionsResponse>
    {
        private readonly TaskCompletionSource _released = new();

        public bool Holds { get; set; }

        public void Release() => _released.SetResult();

        public async ValueTask<ApiVersionsResponse?> HandleAsync(ApiVersionsRequest request, RequestContext context)
        {
            if (Holds)
            {
                await _released.Task;
            }

            return new ApiVersionsResponse();
        }
    }
}
