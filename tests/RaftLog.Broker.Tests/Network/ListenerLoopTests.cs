using System.Buffers.Binary;
using RaftLog.Broker.Configuration;
using RaftLog.Broker.Lifecycle;
using RaftLog.Broker.Network;
using RaftLog.Broker.Requests;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Broker.Tests.Network;

/// <summary>How many connections a listener takes, and how long it keeps one over which nothing goes.</summary>
public sealed class ListenerLoopTests
{
    [Fact]
    public void Connections_leave_the_descriptors_that_logs_need()
    {
        Listening listening = new(new ConnectionLimits(int.MaxValue, int.MaxValue), descriptors: 100);
        IConnection[] open = [.. Enumerable.Range(0, 25).Select(_ => listening.Connect())];
        Assert.True(listening.IsClosed(listening.Connect()));
        Assert.True(listening.Responds(open[0]));
        Assert.Contains(
            "25 connections are open, as many as the limit of open files (100;",
            Assert.Single(listening.Problems),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_connection_above_max_connections_is_closed_at_once_and_a_free_place_is_taken()
    {
        Listening listening = new(new ConnectionLimits(2, int.MaxValue));
        IConnection first = listening.Connect();
        IConnection second = listening.Connect();
        Assert.True(listening.IsClosed(listening.Connect()));
        Assert.True(listening.IsClosed(listening.Connect()));
        Assert.True(listening.Responds(first));
        Assert.True(listening.Responds(second));
        Assert.Contains("max.connections = 2 are open", Assert.Single(listening.Problems), StringComparison.Ordinal);

        listening.Close(first);
        Assert.True(listening.Responds(listening.Connect()));
        Assert.True(listening.IsClosed(listening.Connect()));
        Assert.Equal(2, listening.Problems.Count);
    }

    [Fact]
    public void A_connection_above_the_bound_of_its_address_is_closed_at_once()
    {
        Listening listening = new(new ConnectionLimits(int.MaxValue, 1));
        IConnection first = listening.Connect();
        Assert.True(listening.IsClosed(listening.Connect()));
        Assert.True(listening.Responds(first));
        Assert.Contains("max.connections.per.ip = 1 are open from localhost", Assert.Single(listening.Problems), StringComparison.Ordinal);
        listening.Close(first);
        Assert.True(listening.Responds(listening.Connect()));
    }

    [Fact]
    public void Some_addresses_have_limits_of_their_own()
    {
        List<string> problems = [];
        BrokerConfigs configs = new(new ConfigSettings("test"));
        Dictionary<string, string> ofAll = new()
        {
            ["max.connections.per.ip"] = "1",
            ["max.connections.per.ip.overrides"] = "10.0.0.7:2, ::1 : 0",
        };
        ConnectionLimits limits = ConnectionLimits.Of(configs, new DynamicConfigs(ResourceConfigs.NoOverrides, ofAll));
        ConnectionQuota quota = new(() => limits, new NodeLog(new InMemoryDisk(), new ManualTime(), "/node-log", problems.Add));
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => quota.TryEnter(new NetworkAddress("10.0.0.7", 1))));
        Assert.Contains("max.connections.per.ip.overrides = 2 are open from 10.0.0.7", problems[^1], StringComparison.Ordinal);
        Assert.False(quota.TryEnter(new NetworkAddress("::1", 1)));
        Assert.Equal([true, false], Enumerable.Range(0, 2).Select(_ => quota.TryEnter(new NetworkAddress("10.0.0.8", 1))));
    }

    [Fact]
    public void A_bound_that_is_raised_while_the_node_runs_holds_for_the_next_connection()
    {
        Listening listening = new(new ConnectionLimits(0, int.MaxValue));
        Assert.True(listening.IsClosed(listening.Connect()));
        listening.Limits = new ConnectionLimits(1, 1);
        Assert.True(listening.Responds(listening.Connect()));
    }

    [Fact]
    public void A_connection_over_which_nothing_goes_is_closed_after_its_time_and_no_other()
    {
        Listening listening = new(new ConnectionLimits(10, 10), maxIdleMs: 1_000);
        IConnection silent = listening.Connect();
        IConnection used = listening.Connect();
        IConnection slow = listening.Connect();
        byte[] request = Listening.Request();
        for (int step = 0; step < request.Length; step++)
        {
            Assert.True(listening.Responds(used));
            listening.Send(slow, request.AsMemory(step, 1));
            listening.Pass(400);
        }

        Assert.True(listening.IsClosed(silent));
        Assert.True(listening.Receives(slow));

        // Nobody asks any more: all are closed, and so their places are free.
        for (int step = 0; step < 8; step++)
        {
            listening.Pass(250);
        }

        Assert.All((IConnection[])[used, slow], connection => Assert.True(listening.IsClosed(connection)));
    }

    [Fact]
    public void A_request_that_waits_for_its_response_keeps_no_connection_open()
    {
        Listening listening = new(new ConnectionLimits(10, 10), maxIdleMs: 1_000);
        IConnection waiting = listening.Connect();
        listening.Handler.Holds = true;
        listening.Send(waiting);
        for (int step = 0; step < 8; step++)
        {
            listening.Pass(250);
        }

        Assert.True(listening.IsClosed(waiting));
        Assert.True(listening.Handler.Ended);
    }

    [Fact]
    public void A_client_that_takes_nothing_of_its_response_is_disconnected_and_the_node_log_says_so()
    {
        Listening listening = new(new ConnectionLimits(10, 10), maxStallMs: 1_000);
        listening.Handler.ResponseEntries = 100_000;
        IConnection stalled = listening.Connect();
        IConnection slow = listening.Connect();
        listening.Send(stalled);
        listening.Send(slow);
        for (int step = 0; step < 20; step++)
        {
            listening.Pass(250);
            Assert.True(listening.Receives(slow));
        }

        string line = Assert.Single(listening.Problems);
        Assert.Contains($"{listening.AddressOf(stalled)} has taken nothing of its response for", line, StringComparison.Ordinal);
        Assert.Contains("raftlog.connection.stall.timeout.ms = 1000", line, StringComparison.Ordinal);
        Assert.True(listening.IsOver(stalled));
    }

    [Fact]
    public void A_client_that_lets_half_a_request_lie_is_disconnected_and_the_node_log_says_so()
    {
        Listening listening = new(new ConnectionLimits(10, 10), maxStallMs: 1_000);
        IConnection inLength = listening.Connect();
        IConnection inBody = listening.Connect();
        IConnection between = listening.Connect();
        Assert.True(listening.Responds(between));
        listening.Send(inLength, Listening.Request().AsMemory(0, 2));
        listening.Send(inBody, Listening.Request().AsMemory(0, 9));
        for (int step = 0; step < 8; step++)
        {
            listening.Pass(250);
        }

        Assert.True(listening.IsClosed(inLength));
        Assert.True(listening.IsClosed(inBody));
        Assert.True(listening.Responds(between));
        Assert.Equal(2, listening.Problems.Count);
        Assert.All(listening.Problems, line => Assert.Contains("has sent nothing more of its request for", line, StringComparison.Ordinal));
    }

    [Fact]
    public void A_frame_with_an_impossible_length_is_told_in_the_node_log_a_few_times_only()
    {
        Listening listening = new(new ConnectionLimits(1000, 1000));
        for (int i = 0; i < 20; i++)
        {
            byte[] length = i % 2 == 0 ? [0x7f, 0, 0, 0] : [0, 0, 0, 0];
            IConnection hostile = listening.Connect();
            listening.Send(hostile, length);
            Assert.True(listening.IsClosed(hostile));
        }

        Assert.Equal(ClientWarnings.MaxLines, listening.Problems.Count);
        Assert.Contains(
            "sent a request of 2130706432 bytes, above socket.request.max.bytes = 1048576",
            listening.Problems[0],
            StringComparison.Ordinal
        );
        Assert.Contains(
            "sent a request of 0 bytes, so it does not speak Kafka's protocol",
            listening.Problems[1],
            StringComparison.Ordinal
        );

        listening.Pass((int)ClientWarnings.SpanMs);
        IConnection later = listening.Connect();
        listening.Send(later, new byte[] { 0xff, 0xff, 0xff, 0xff });
        Assert.True(listening.IsClosed(later));
        Assert.Contains("(15 warnings of this kind were left out before it)", listening.Problems[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_that_finds_no_memory_is_told_in_the_node_log()
    {
        Listening listening = new(new ConnectionLimits(10, 10), requestBytes: 2_000);
        IConnection client = listening.Connect();
        listening.Send(client);
        Assert.True(listening.IsClosed(client));
        Assert.Contains("no memory for a request of 10 bytes", Assert.Single(listening.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void Small_requests_find_memory_while_large_ones_have_used_theirs_up()
    {
        Listening listening = new(new ConnectionLimits(10, 10), requestBytes: 1_100_000, smallRequestBytes: 1_000_000);
        IConnection large = listening.Connect();
        byte[] half = new byte[800_000];
        BinaryPrimitives.WriteInt32BigEndian(half, 900_000);
        listening.Send(large, half);
        Assert.True(listening.Responds(listening.Connect()));
        Assert.Empty(listening.Problems);

        IConnection second = listening.Connect();
        listening.Send(second, half.AsMemory(0, 30_000));
        Assert.True(listening.IsClosed(second));
        Assert.Contains("no memory for a request of 900000 bytes", Assert.Single(listening.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void A_handler_is_told_that_its_client_is_gone_while_it_still_waits()
    {
        Listening listening = new(new ConnectionLimits(10, 10));
        IConnection client = listening.Connect();
        listening.Handler.Holds = true;
        listening.Send(client);
        Assert.False(listening.Handler.Ended);
        listening.Close(client);
        Assert.True(listening.Handler.Ended);
    }

    [Fact]
    public void A_request_that_comes_while_another_is_answered_is_answered_after_it()
    {
        Listening listening = new(new ConnectionLimits(10, 10));
        IConnection client = listening.Connect();
        listening.Handler.Holds = true;
        listening.Send(client);
        listening.Send(client);
        listening.Handler.Release();
        Assert.Equal([0, 0], listening.Correlations(client, 2));
    }

    [Fact]
    public void A_request_that_comes_in_the_same_bytes_as_one_that_waits_is_answered_without_more_bytes()
    {
        Listening listening = new(new ConnectionLimits(10, 10));
        IConnection client = listening.Connect();
        listening.Handler.Holds = true;
        listening.Send(client, (byte[])[.. Listening.Request(), .. Listening.Request()]);
        listening.Handler.Release();
        Assert.Equal([0, 0], listening.Correlations(client, 2));
    }

    [Fact]
    public void A_client_that_is_told_to_be_silent_is_answered_at_once_and_not_read_until_its_time_is_over()
    {
        Listening listening = new(new ConnectionLimits(10, 10));
        IConnection throttled = listening.Connect();
        IConnection other = listening.Connect();
        listening.Handler.ThrottleTimeMs = 1_000;
        Assert.True(listening.Responds(throttled));
        listening.Handler.ThrottleTimeMs = 0;
        listening.Send(throttled);
        Assert.True(listening.Responds(other));
        listening.Pass(999);
        Assert.Equal(2, listening.Handler.Peers.Count);
        listening.Pass(2);
        Assert.Equal(3, listening.Handler.Peers.Count);
        Assert.Equal([0], listening.Correlations(throttled, 1));

        // Once: it is not silent for ever.
        Assert.True(listening.Responds(throttled));
    }

    [Fact]
    public async Task A_response_says_how_long_its_client_is_to_be_silent()
    {
        HoldingHandler handler = new() { ThrottleTimeMs = 250 };
        MessageApi<ApiVersionsRequest, ApiVersionsResponse> api = new(handler, 0, 2, 0);
        RequestContext context = new(ApiKey.ApiVersions, 2, "", new ConnectionContext(1, new NetworkAddress("client", 1), "PLAINTEXT"));
        WireWriter frame = (await Respond())!;
        WireReader reader = new(frame.ToArray());
        reader.ReadInt32();
        ResponseHeader.Read(ref reader, ApiKey.ApiVersions, 2);
        ApiVersionsResponse response = new();
        response.Read(ref reader, 2);
        Assert.Equal(250, response.ThrottleTimeMs);

        ValueTask<WireWriter?> Respond()
        {
            WireReader empty = new(Memory<byte>.Empty);
            return api.RespondAsync(ref empty, new RequestHeader(ApiKey.ApiVersions, 2, 1, null), context);
        }
    }

    [Theory]
    [InlineData(0, "a request of 0 bytes, so it does not speak Kafka's protocol")]
    [InlineData(-1, "a request of -1 bytes, so it does not speak Kafka's protocol")]
    [InlineData(
        0x47455420,
        "a request of 1195725856 bytes, above socket.request.max.bytes = 1048576, or it does not speak Kafka's protocol"
    )]
    public void A_request_of_an_impossible_length_is_told_in_the_node_log(int length, string told)
    {
        Listening listening = new(new ConnectionLimits(10, 10));
        IConnection client = listening.Connect();
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, length);
        listening.Send(client, bytes);
        Assert.True(listening.IsClosed(client));
        string line = Assert.Single(listening.Problems);
        Assert.Contains(told, line, StringComparison.Ordinal);
    }

    [Fact]
    public void A_negative_time_keeps_silent_connections()
    {
        Listening listening = new(new ConnectionLimits(10, 10), maxIdleMs: -1);
        IConnection silent = listening.Connect();
        listening.Pass(100_000_000);
        Assert.True(listening.Responds(silent));
    }

    /// <summary>A listener whose only API says what versions it has, in time that the test moves.</summary>
    private sealed class Listening
    {
        private readonly Pump _pump = new();
        private readonly ManualTime _time = new();
        private readonly InMemoryNetwork _network;
        private readonly NetworkAddress _address;
        private readonly List<IConnection> _connections = [];

        public Listening(
            ConnectionLimits limits,
            long maxIdleMs = -1,
            int maxStallMs = 1_000_000_000,
            long requestBytes = 100 << 20,
            long? smallRequestBytes = null,
            long descriptors = long.MaxValue
        )
        {
            Limits = limits;
            _network = new InMemoryNetwork(_time);
            NodeLog nodeLog = new(new InMemoryDisk(), _time, "/node-log", Problems.Add);
            ConnectionQuota quota = new(() => Limits, nodeLog) { Descriptors = new OpenFileLimit(descriptors) };
            ConnectionRules rules = new(
                1 << 20,
                TimeSpan.FromMilliseconds(maxIdleMs),
                TimeSpan.FromMilliseconds(maxStallMs),
                new Waiters(_time),
                quota
            );
            ApiTable apis = new([new MessageApi<ApiVersionsRequest, ApiVersionsResponse>(Handler, 0, 0, 0)]);
            _address = _pump.Start(() =>
            {
                Waiters waiters = new(_time);
                BufferPool? small = smallRequestBytes is { } bytes
                    ? new BufferPool(_time, BufferPoolLimits.Default with { MaxBytes = bytes })
                    : null;
                ListenerLoop loop = new(
                    _network.Listen(new NetworkAddress("a", 9092)),
                    "PLAINTEXT",
                    apis,
                    rules,
                    new BufferPool(_time, BufferPoolLimits.Default with { MaxBytes = requestBytes }),
                    small,
                    waiters,
                    new Supervisor(new InMemoryProcess()),
                    new ClientWarnings(waiters, nodeLog),
                    nodeLog
                );
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
            IConnection connection = _pump
                .Finish(() => _network.ConnectAsync(_address, TimeSpan.FromSeconds(1), CancellationToken.None))
                .Connection!;
            _pump.Drain();
            _connections.Add(connection);
            return connection;
        }

        public void Send(IConnection connection) => Send(connection, Request());

        public void Send(IConnection connection, ReadOnlyMemory<byte> bytes)
        {
            Assert.True(_pump.Finish(() => connection.SendAsync([bytes])));
            _pump.Drain();
        }

        public bool Responds(IConnection connection)
        {
            Send(connection);
            return Receives(connection);
        }

        public bool Receives(IConnection connection)
        {
            byte[] reply = new byte[256];
            return _pump.Finish(() => connection.ReceiveAsync(reply)) > 0;
        }

        public bool IsClosed(IConnection connection)
        {
            byte[] reply = new byte[1];
            return _pump.Finish(() => connection.ReceiveAsync(reply)) <= 0;
        }

        /// <summary>True when what is on its way ends without being a whole response.</summary>
        public bool IsOver(IConnection connection)
        {
            byte[] part = new byte[64 << 10];
            int received;
            while ((received = _pump.Finish(() => connection.ReceiveAsync(part))) > 0) { }

            return received < 0;
        }

        /// <summary>The address that the node sees.</summary>
        public string AddressOf(IConnection connection) => Handler.Peers[_connections.IndexOf(connection)];

        /// <summary>The correlation ids of the next small responses.</summary>
        public List<int> Correlations(IConnection connection, int count)
        {
            List<byte> all = [];
            byte[] part = new byte[256];
            List<int> ids = [];
            while (ids.Count < count)
            {
                int received = _pump.Finish(() => connection.ReceiveAsync(part));
                Assert.True(received > 0);
                all.AddRange(part.AsSpan(0, received));
                while (all.Count >= 8 && all.Count >= 4 + BinaryPrimitives.ReadInt32BigEndian(all.ToArray()))
                {
                    byte[] bytes = [.. all];
                    ids.Add(BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(4)));
                    all.RemoveRange(0, 4 + BinaryPrimitives.ReadInt32BigEndian(bytes));
                }
            }

            return ids;
        }

        public void Close(IConnection connection)
        {
            connection.Dispose();
            _pump.Drain();
        }

        public void Pass(int ms) =>
            _pump.Start(() =>
            {
                _time.Advance(TimeSpan.FromMilliseconds(ms));
                return 0;
            });
    }

    private sealed class HoldingHandler : IRequestHandler<ApiVersionsRequest, ApiVersionsResponse>
    {
        private readonly TaskCompletionSource _released = new();

        public bool Holds { get; set; }

        public int ResponseEntries { get; set; }

        public int ThrottleTimeMs { get; set; }

        /// <summary>True once a client that is answered has gone.</summary>
        public bool Ended { get; private set; }

        /// <summary>The clients in the order of their requests.</summary>
        public List<string> Peers { get; } = [];

        public void Release() => _released.SetResult();

        public async ValueTask<ApiVersionsResponse?> HandleAsync(ApiVersionsRequest request, RequestContext context)
        {
            Peers.Add($"{context.Connection.Peer}");
            context.Connection.WhenEnded(this, () => Ended = true);
            if (Holds)
            {
                await _released.Task;
            }

            context.ThrottleTimeMs = ThrottleTimeMs;
            ApiVersionsResponse response = new();
            for (int i = 0; i < ResponseEntries; i++)
            {
                response.ApiKeys.Add(new() { ApiKey = (short)i });
            }

            return response;
        }
    }
}
