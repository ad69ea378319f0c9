using RaftLog.Broker.Configuration;
using RaftLog.Broker.Lifecycle;
using RaftLog.Broker.Runtime;
using RaftLog.Platform;

namespace RaftLog.Broker.Network;

/// <summary>
/// Counts the connections of a node's client listeners against <c>max.connections</c>, <c>max.connections.per.ip</c> and its overrides. One
/// above a bound is closed at once: a client that waited in the backlog would take the place of one that may come. The node log says so
/// once for each time that a bound is reached.
/// </summary>
internal sealed class ConnectionQuota(Func<ConnectionLimits> limits, NodeLog nodeLog)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private int _total;
    private bool _reportedTotal;
    private string? _reportedAddress;

    /// <summary>How many connections the descriptors of the process leave room for.</summary>
    public OpenFileLimit Descriptors { get; init; } = new(long.MaxValue);

    /// <summary>Counts one more connection; false when it must be closed.</summary>
    public bool TryEnter(NetworkAddress peer)
    {
        ConnectionLimits bound = limits();
        int total = Math.Min(bound.Total, Descriptors.Connections);
        int perAddress = bound.From(peer.Host);
        string? warning = null;
        lock (_gate)
        {
            int fromThere = _byAddress.GetValueOrDefault(peer.Host);
            if (_total < total && fromThere < perAddress)
            {
                _byAddress[peer.Host] = fromThere + 1;
                _total++;
                return true;
            }

            if (_total >= total)
            {
                string which =
                    total == bound.Total
                        ? $"max.connections = {bound.Total} are open"
                        : $"{total} connections are open, as many as the limit of open files ({Descriptors.Descriptors}; ulimit -n, "
                            + $"LimitNOFILE of systemd) leaves room for";
                warning = _reportedTotal ? null : $"{which}; further ones are closed at once until some end";
                _reportedTotal = true;
            }
            else
            {
                warning =
                    _reportedAddress == peer.Host
                        ? null
                        : $"{(perAddress == bound.PerAddress ? ConnectionLimits.PerAddressKey : ConnectionLimits.OverridesKey)} = "
                            + $"{perAddress} are open from {peer.Host}; further ones from there are closed at once";
                _reportedAddress = peer.Host;
            }
        }

        if (warning is not null)
        {
            nodeLog.Warn(warning);
        }

        return false;
    }

    /// <summary>A connection that was counted has ended.</summary>
    public void Leave(NetworkAddress peer)
    {
        lock (_gate)
        {
            _total--;
            _reportedTotal = false;
            if (_byAddress[peer.Host] == 1)
            {
                _byAddress.Remove(peer.Host);
                _reportedAddress = _reportedAddress == peer.Host ? null : _reportedAddress;
            }
            else
            {
                _byAddress[peer.Host]--;
            }
        }
    }
}
