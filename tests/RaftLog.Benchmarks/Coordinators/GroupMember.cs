using RaftLog.Protocol;
using RaftLog.Protocol.Wire;

namespace RaftLog.Benchmarks.Coordinators;

/// <summary>
/// A member of a group that does nothing but be one: it sends the protocol's requests, on a connection of its own, and nothing else.
/// </summary>
/// <param name="wire">Its connection to the coordinator.</param>
/// <param name="work">What the members of the group share.</param>
/// <param name="number">Its number.</param>
/// <param name="watch">Who is told of what it owns.</param>
internal abstract class GroupMember(WireClient wire, GroupWork work, int number, RebalanceWatch watch) : IDisposable
{
    private volatile bool _leaves;

    /// <summary>True once it is told to leave.</summary>
    protected bool Leaves => _leaves;

    /// <summary>What the members of the group share.</summary>
    protected GroupWork Work => work;

    /// <summary>Joins, and sends heartbeats until it is told to leave.</summary>
    public async Task RunAsync()
    {
        try
        {
            await BeMemberAsync();
        }
        catch (Exception) when (_leaves)
        {
            // A heartbeat that was under way when the member left, or the connection's end.
        }
        catch (Exception e)
        {
            watch.Fail(e);
        }
    }

    /// <summary>Leaves; returns when the coordinator knows.</summary>
    public async Task LeaveAsync()
    {
        _leaves = true;
        watch.Leave(number);
        await SayGoodbyeAsync();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _leaves = true;
        wire.Dispose();
    }

    /// <summary>Joins, and sends heartbeats until <see cref="Leaves"/>.</summary>
    protected abstract Task BeMemberAsync();

    /// <summary>Tells the coordinator that it leaves.</summary>
    protected abstract Task SayGoodbyeAsync();

    /// <summary>Asks the coordinator.</summary>
    protected Task<TResponse> AskAsync<TResponse>(IRequest<TResponse> request)
        where TResponse : class, IVersionedMessage, new() => wire.AskAsync(request);

    /// <summary>The member owns as many partitions.</summary>
    protected void Own(int generation, int count) => watch.Own(number, generation, count);

    /// <summary>Waits once, so that the members' heartbeats spread over the interval.</summary>
    protected Task SpreadAsync() => Task.Delay(work.PhaseOf(number));
}
