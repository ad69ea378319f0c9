using RaftLog.Platform;

namespace RaftLog.Simulation;

/// <summary>
/// The network between hosts. Inside a connection bytes come in order and once, in pieces, late, or not at all for as long as the way is
/// cut; ways are cut in one direction at a time. A connect is accepted, refused or never answered; a connection ends closed or reset.
/// </summary>
public sealed class SimNetwork
{
    private static readonly TimeSpan Retransmission = TimeSpan.FromMilliseconds(200);

    private readonly SortedDictionary<string, SimHost> _hosts = new(StringComparer.Ordinal);
    private readonly HashSet<(int From, int To)> _cuts = [];
    private readonly Dictionary<(int From, int To), LinkProfile> _bad = [];

    // Up to when something comes that was sent while a way had a profile of its own.
    private readonly Dictionary<(int From, int To), long> _lateUntil = [];
    private readonly SortedDictionary<long, SimConnection> _connections = [];
    private readonly SimRandom _random;
    private long _connectionCount;

    /// <summary>A network without hosts.</summary>
    public SimNetwork(SimScheduler scheduler, SimRandom random, LinkProfile profile)
    {
        Scheduler = scheduler;
        Profile = profile;
        _random = random.Split("network");
    }

    /// <summary>How long bytes take now, on every way.</summary>
    public LinkProfile Profile { get; set; }

    /// <summary>So many bytes of a connection's direction wait at most for a receiver that does not read; then its sender waits.</summary>
    internal int Window { get; init; } = 256 << 10;

    internal SimScheduler Scheduler { get; }

    /// <summary>Who reads along, if anybody.</summary>
    internal PromiseWatch? Watch { get; set; }

    internal SimRandom Random => _random;

    /// <summary>Cuts the way from one host to another; what is under way waits.</summary>
    public void Cut(string from, string to) => _cuts.Add((Host(from).Number, Host(to).Number));

    /// <summary>Opens one way again.</summary>
    public void Heal(string from, string to) => _cuts.Remove((Host(from).Number, Host(to).Number));

    /// <summary>Gives one way a profile of its own.</summary>
    public void Worsen(string from, string to, LinkProfile profile) => _bad[(Host(from).Number, Host(to).Number)] = profile;

    /// <summary>Gives one way the common profile again.</summary>
    public void Mend(string from, string to) => _bad.Remove((Host(from).Number, Host(to).Number));

    /// <summary>Opens and mends every way.</summary>
    public void HealAll()
    {
        _cuts.Clear();
        _bad.Clear();
    }

    /// <summary>Ends a share of the open connections with a reset that both sides see.</summary>
    public int ResetSome(double share)
    {
        int count = 0;
        foreach (SimConnection connection in _connections.Values.ToList())
        {
            if (_random.Chance(share))
            {
                connection.Break();
                count++;
            }
        }

        return count;
    }

    /// <summary>The network as one incarnation on a host has it.</summary>
    internal INetwork Join(string host, Incarnation owner)
    {
        owner.AtDeath(() => EndConnectionsOf(owner));
        return new SimNetworkPort(this, Host(host), owner);
    }

    internal SimHost Host(string name)
    {
        if (!_hosts.TryGetValue(name, out SimHost? host))
        {
            host = new SimHost(name, _hosts.Count);
            _hosts.Add(name, host);
        }

        return host;
    }

    internal SimHost? Find(string name) => _hosts.GetValueOrDefault(name);

    internal bool IsOpen(SimHost from, SimHost to) => to.HasPower && !_cuts.Contains((from.Number, to.Number));

    /// <summary>True when a way is open, has no profile of its own, and all that was sent while it had one has come.</summary>
    internal bool IsGood(string from, string to)
    {
        (SimHost source, SimHost target) = (Host(from), Host(to));
        (int, int) way = (source.Number, target.Number);
        return IsOpen(source, target) && !_bad.ContainsKey(way) && _lateUntil.GetValueOrDefault(way) <= Scheduler.Now;
    }

    internal TimeSpan DrawDelay(SimHost from, SimHost to)
    {
        (int, int) way = (from.Number, to.Number);
        if (_bad.Count == 0 || !_bad.TryGetValue(way, out LinkProfile profile))
        {
            return Profile.Draw(_random);
        }

        TimeSpan delay = profile.Draw(_random);
        _lateUntil[way] = Math.Max(_lateUntil.GetValueOrDefault(way), Scheduler.Now + delay.Ticks);
        return delay;
    }

    internal TimeSpan DrawRetransmission(SimHost from, SimHost to) => Retransmission + DrawDelay(from, to);

    internal long Add(SimConnection connection)
    {
        _connections.Add(++_connectionCount, connection);
        return _connectionCount;
    }

    internal void Remove(long id) => _connections.Remove(id);

    private void EndConnectionsOf(Incarnation dead)
    {
        foreach (SimConnection connection in _connections.Values.Where(each => each.Owner == dead).ToList())
        {
            connection.Die();
        }
    }
}
