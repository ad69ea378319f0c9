using RaftLog.Broker.Requests;
using RaftLog.Platform;
using RaftLog.Platform.Buffers;
using RaftLog.Protocol;

namespace RaftLog.Broker.Tests.Requests;

/// <summary>What outlives a handler's first wait, and who is told when a connection ends.</summary>
public sealed class RequestContextTests
{
    private readonly ConnectionContext _connection = new(1, new NetworkAddress("client", 5), "PLAINTEXT");
    private readonly List<string> _called = [];

    [Fact]
    public void A_lease_keeps_the_bytes_of_a_request_until_it_is_disposed()
    {
        using BufferPool pool = new(TimeProvider.System, BufferPoolLimits.Default, poison: true);
        PooledBuffer frame = pool.TryRent(100)!.Value;
        Memory<byte> bytes = frame.Memory;
        bytes.Span.Fill(7);
        RequestContext request = new(ApiKey.Produce, 9, "", _connection, frame);
        RequestLease lease = request.LeaseBytes();
        frame.Release();

        Assert.Equal(7, bytes.Span[99]);
        lease.Dispose();
        Assert.NotEqual(7, bytes.Span[99]);
        Assert.Equal(0, pool.LeasedBytes);
    }

    [Fact]
    public void A_request_within_another_leases_the_bytes_of_the_other()
    {
        using BufferPool pool = new(TimeProvider.System, BufferPoolLimits.Default);
        PooledBuffer frame = pool.TryRent(100)!.Value;
        RequestLease lease = new RequestContext(ApiKey.Envelope, 0, "", _connection, frame)
            .Within(ApiKey.CreateTopics, 7, "c")
            .LeaseBytes();
        frame.Release();
        Assert.NotEqual(0, pool.LeasedBytes);
        lease.Dispose();
        Assert.Equal(0, pool.LeasedBytes);
    }

    [Fact]
    public void A_request_of_the_node_itself_has_no_bytes_to_lease() =>
        new RequestContext(ApiKey.Produce, 9, "", _connection).LeaseBytes().Dispose();

    [Fact]
    public void All_owners_are_called_once_in_their_order_when_the_connection_ends()
    {
        _connection.WhenEnded("first", () => _called.Add("first, replaced"));
        _connection.WhenEnded("second", () => _called.Add("second"));
        _connection.WhenEnded("third", () => _called.Add("third"));
        _connection.WhenEnded("first", () => _called.Add("first"));
        _connection.Forget("second");
        Assert.Empty(_called);

        _connection.End();
        _connection.End();
        Assert.Equal(["first", "third"], _called);
        Assert.True(_connection.HasEnded);
    }

    [Fact]
    public void Who_asks_after_the_end_is_called_at_once()
    {
        _connection.End();
        _connection.WhenEnded(this, () => _called.Add("late"));
        Assert.Equal(["late"], _called);
    }

    [Fact]
    public void A_context_that_is_used_again_says_nothing_of_the_request_before()
    {
        RequestContext first = _connection.RentRequest(ApiKey.Produce, 9, "first", null);
        List<int> kept = first.Kept<List<int>>();
        first.CloseConnection = true;
        first.Response.WriteInt32(7);
        _connection.ReturnRequest(first);
        _connection.Principal = new Principal(Principal.UserType, "alice");

        RequestContext second = _connection.RentRequest(ApiKey.Produce, 11, "second", null);
        Assert.Same(first, second);
        Assert.Same(kept, second.Kept<List<int>>());
        Assert.Equal((short)11, second.Version);
        Assert.Equal("second", second.ClientId);
        Assert.Equal("User:alice", second.Principal.ToString());
        Assert.False(second.CloseConnection);
        Assert.Equal(0, second.Response.Length);
    }

    [Fact]
    public void A_connection_keeps_a_few_contexts_and_none_that_holds_much()
    {
        List<RequestContext> many = [.. Enumerable.Range(0, 100).Select(_ => _connection.RentRequest(ApiKey.Produce, 9, "", null))];
        many.ForEach(_connection.ReturnRequest);
        HashSet<RequestContext> again = [.. Enumerable.Range(0, 100).Select(_ => _connection.RentRequest(ApiKey.Produce, 9, "", null))];
        Assert.Equal(5, many.Count(again.Contains));

        RequestContext large = again.First();
        large.IsReusable = false;
        _connection.ReturnRequest(large);
        Assert.NotSame(large, _connection.RentRequest(ApiKey.Produce, 9, "", null));
    }

    [Fact]
    public void A_client_is_anonymous_and_unknown_until_it_says_more()
    {
        Assert.Equal("User:ANONYMOUS", _connection.Principal.ToString());
        Assert.Equal(ClientSoftware.Unknown, _connection.Software);
        _connection.Principal = new Principal(Principal.UserType, "alice");
        Assert.Equal("User:alice", new RequestContext(ApiKey.Produce, 9, "", _connection).Principal.ToString());
    }
}
