namespace RaftLog.Platform.Rpc;

/// <summary>
/// The channel to one node that takes calls, and those before it that still wait for responses; the longest call bounds how many these are.
/// Not safe for concurrent use: its owner has a lock.
/// </summary>
public sealed class ChannelSlot
{
    private readonly List<RpcChannel> _retired = [];
    private RpcChannel? _channel;

    /// <summary>The channel, where it is open.</summary>
    public RpcChannel? Open => _channel is { IsOpen: true } open ? open : null;

    /// <summary>Takes the channel of another attempt, or none where it has failed.</summary>
    public void Replace(RpcChannel? channel)
    {
        _retired.RemoveAll(static each => each.HasEnded);
        if (_channel is { HasEnded: false } before)
        {
            _retired.Add(before);
        }

        _channel = channel;
    }

    /// <summary>All channels, for whoever ends them; none is left.</summary>
    public IReadOnlyList<RpcChannel> TakeAll()
    {
        Replace(null);
        RpcChannel[] all = [.. _retired];
        _retired.Clear();
        return all;
    }
}
