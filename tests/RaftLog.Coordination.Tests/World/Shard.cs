using RaftLog.Coordination.Groups;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;

namespace RaftLog.Coordination.Tests.World;

/// <summary>
/// What the broker's runtime does for a coordinator state, without a broker: appends, replays at once, keeps the responses, lets time
/// pass. After every input it replays its whole log into a fresh state, which must then hold the same.
/// </summary>
internal sealed class Shard
{
    private readonly List<Entry> _log = [];
    private readonly Dictionary<long, IMessage> _responses = [];
    private readonly Outbox _outbox = new();
    private long _lastToken;
    private ulong _lastId;

    public Shard(FakeSettings? settings = null, FakeTopics? topics = null)
    {
        Settings = settings ?? new FakeSettings();
        Topics = topics ?? new FakeTopics();
        State = new GroupCoordinatorState(Settings, Topics);
        Input(outbox => State.Activate(Now, outbox));
    }

    public FakeSettings Settings { get; }

    public FakeTopics Topics { get; }

    public GroupCoordinatorState State { get; private set; }

    public CoordinatorTime Now { get; private set; } = new(1_000, 1_700_000_000_000);

    /// <summary>The records of all inputs so far.</summary>
    public IEnumerable<CoordinatorRecord> Records => _log.Where(each => !each.IsMarker).Select(each => each.Record);

    public delegate void Command<in TRequest>(in GroupCaller caller, TRequest request, CoordinatorTime now, Outbox outbox);

    /// <summary>Sends a request, whose response may come later.</summary>
    public long Send<TRequest>(Command<TRequest> command, short version, TRequest request, string clientId = "client")
    {
        long token = ++_lastToken;
        GroupCaller caller = new(new RequestToken(token), version, clientId, "/127.0.0.1", new Uuid(0x1234, ++_lastId));
        Input(outbox => command(caller, request, Now, outbox));
        return token;
    }

    /// <summary>Sends a request that is answered at once.</summary>
    public TResponse Ask<TRequest, TResponse>(Command<TRequest> command, short version, TRequest request, string clientId = "client")
        where TResponse : IMessage => Response<TResponse>(Send(command, version, request, clientId));

    public bool HasResponse(long token) => _responses.ContainsKey(token);

    public TResponse Response<TResponse>(long token)
        where TResponse : IMessage
    {
        Assert.True(_responses.ContainsKey(token), "the request still waits");
        return (TResponse)_responses[token];
    }

    /// <summary>Lets time pass, deadline by deadline.</summary>
    public void Pass(long ms)
    {
        long end = Now.MonotonicMs + ms;
        for (int steps = 0; State.NextDeadlineMs <= end; steps++)
        {
            Assert.True(steps < 1_000_000, "time does not get on");
            AdvanceTo(Math.Max(State.NextDeadlineMs, Now.MonotonicMs));
            Input(outbox => State.Tick(Now, outbox));
        }

        AdvanceTo(end);
    }

    public void Input(Action<Outbox> input)
    {
        _outbox.Clear();
        input(_outbox);
        foreach (CoordinatorRecord record in _outbox.Records)
        {
            Entry entry = new(record, _outbox.Producer, IsMarker: false, IsCommit: false);
            Apply(State, entry, _log.Count);
            _log.Add(entry);
        }

        foreach ((RequestToken request, IMessage response) in _outbox.Responses)
        {
            Assert.True(_responses.TryAdd(request.Value, response), $"request {request.Value} is answered twice");
        }

        Assert.Equal(DurableState.Of(Replayed()), DurableState.Of(State));
    }

    /// <summary>A marker ends a producer's transaction.</summary>
    public void Mark(long producer, bool isCommit)
    {
        Entry entry = new(
            default,
            new ProducerStamp(new ProducerId(producer), new ProducerEpoch(0), ProducerStamp.NoSequence),
            IsMarker: true,
            isCommit
        );
        Apply(State, entry, _log.Count);
        _log.Add(entry);
    }

    /// <summary>Another node takes over: what is not in the log is lost, and requests that wait get no response.</summary>
    public void FailOver()
    {
        State = Replayed();
        Now = Now with { MonotonicMs = 77 };
        Input(outbox => State.Activate(Now, outbox));
    }

    private GroupCoordinatorState Replayed()
    {
        GroupCoordinatorState fresh = new(Settings, Topics);
        for (int i = 0; i < _log.Count; i++)
        {
            Apply(fresh, _log[i], i);
        }

        return fresh;
    }

    private static void Apply(GroupCoordinatorState state, Entry entry, int offset)
    {
        if (entry.IsMarker)
        {
            state.ReplayMarker(entry.Producer.Id, entry.Producer.Epoch, entry.IsCommit, new Offset(offset));
        }
        else
        {
            state.Replay(entry.Record, new RecordOrigin(new Offset(offset), entry.Producer));
        }
    }

    private void AdvanceTo(long monotonicMs) => Now = new(monotonicMs, Now.WallMs + monotonicMs - Now.MonotonicMs);

    private readonly record struct Entry(CoordinatorRecord Record, ProducerStamp Producer, bool IsMarker, bool IsCommit);
}
