using RaftLog.Broker.Network;
using RaftLog.Broker.Requests;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Simulation.Cores;

/// <summary>Scenarios of one connection of a node, and of who waits for it.</summary>
internal static class ConnectionScenarios
{
    public static void Responses_leave_a_connection_in_the_order_of_its_requests()
    {
        // A test runner's context would have each continuation wait in its queue; here a response is to be written by whoever makes it
        // ready.
        SynchronizationContext? runner = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            RespondOutOfOrder();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(runner);
        }
    }

    public static void A_signal_that_was_set_before_the_wait_ends_it_at_once() =>
        new ScenarioLog().Run(static async scenario =>
        {
            var signal = new AsyncSignal(new Waiters(scenario.Time));
            signal.Set();
            ValueTask<WaitOutcome> wait = signal.WaitAsync();
            Expect.True(wait.IsCompleted);
            Expect.Equal(WaitOutcome.Ready, await wait);
        });

    private static void RespondOutOfOrder()
    {
        var connection = new WrittenConnection();
        var responses = new ResponseQueue(connection, TimeProvider.System);
        TaskCompletionSource<WireWriter?>[] frames = [new(), new(), new()];
        var context = new ConnectionContext(1, connection.Peer, "PLAINTEXT");
        foreach (TaskCompletionSource<WireWriter?> frame in frames)
        {
            responses.Add(new PendingResponse(new ValueTask<WireWriter?>(frame.Task), new RequestContext(ApiKey.Fetch, 0, "", context)));
        }

        frames[2].SetResult(Frame(3));
        frames[0].SetResult(Frame(1));
        Expect.Equal("1", string.Join(' ', connection.Written));
        frames[1].SetResult(Frame(2));
        Expect.Equal("1 2 3", string.Join(' ', connection.Written));
    }

    private static WireWriter Frame(sbyte content)
    {
        WireWriter frame = new();
        frame.WriteInt8(content);
        return frame;
    }

    /// <summary>Keeps the bytes that were sent over it.</summary>
    private sealed class WrittenConnection : IConnection
    {
        public List<byte> Written { get; } = [];

        public NetworkAddress Peer { get; } = new("client", 1);

        public ValueTask<int> ReceiveAsync(Memory<byte> target) => ValueTask.FromResult(0);

        public long BytesSent => Written.Count;

        public ValueTask<bool> SendAsync(IReadOnlyList<SendPiece> pieces)
        {
            foreach (SendPiece piece in pieces)
            {
                Written.AddRange(piece.Memory.Span);
            }

            return ValueTask.FromResult(true);
        }

        public void Reset() { }

        public void Dispose() { }
    }
}
