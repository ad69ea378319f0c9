using RaftLog.Protocol;

namespace RaftLog.Testing.Faults;

/// <summary>A fault that one request meets, whichever node it comes to.</summary>
internal sealed class PlannedFault(ApiKey api, RequestFault fault)
{
    private int _used;

    public ApiKey Api => api;

    public RequestFault Fault => fault;

    public bool IsUsed => Volatile.Read(ref _used) != 0;

    public bool TryUse() => Interlocked.Exchange(ref _used, 1) == 0;
}

/// <summary>What is wrong with one node's connections. Safe for concurrent use.</summary>
internal sealed class NodeFaults
{
    private readonly Lock _lock = new();
    private readonly HashSet<FaultyConnection> _connections = [];
    private readonly List<PlannedFault> _planned = [];
    private TimeSpan _delay;
    private bool _isCutOff;

    public bool IsCutOff
    {
        get
        {
            lock (_lock)
            {
                return _isCutOff;
            }
        }
    }

    public TimeSpan SendDelay
    {
        get
        {
            lock (_lock)
            {
                return _delay;
            }
        }
    }

    public void CutOff()
    {
        List<FaultyConnection> open;
        lock (_lock)
        {
            _isCutOff = true;
            open = [.. _connections];
        }

        open.ForEach(connection => connection.Reset());
    }

    public void Delay(TimeSpan time)
    {
        lock (_lock)
        {
            _delay = time;
        }
    }

    public void Heal()
    {
        lock (_lock)
        {
            _isCutOff = false;
            _delay = TimeSpan.Zero;
        }
    }

    public void Plan(PlannedFault fault)
    {
        lock (_lock)
        {
            _planned.RemoveAll(each => each.IsUsed);
            _planned.Add(fault);
        }
    }

    /// <summary>The fault that a request of the API meets, used up by it; null for none.</summary>
    public PlannedFault? TryTake(ApiKey api)
    {
        lock (_lock)
        {
            foreach (PlannedFault planned in _planned)
            {
                if (planned.Api == api && !planned.IsUsed)
                {
                    return planned.TryUse() ? planned : null;
                }
            }

            return null;
        }
    }

    /// <summary>False when the node is cut off: the connection must not live.</summary>
    public bool TryAdd(FaultyConnection connection)
    {
        lock (_lock)
        {
            if (!_isCutOff)
            {
                _connections.Add(connection);
            }

            return !_isCutOff;
        }
    }

    public void Remove(FaultyConnection connection)
    {
        lock (_lock)
        {
            _connections.Remove(connection);
        }
    }
}
