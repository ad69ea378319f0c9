namespace RaftLog.Benchmarks.Load;

/// <summary>Clients that ask for much and never read. A client that the node disconnects comes back.</summary>
internal sealed class GreedyClients : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly Func<RawReader> _connect;
    private readonly List<RawReader> _clients;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _returning;

    /// <summary>Connects them all, and lets each ask once.</summary>
    public GreedyClients(int clients, Func<RawReader> connect)
    {
        _connect = connect;
        _clients = [.. Enumerable.Range(0, clients).Select(_ => Connected())];
        _returning = ReturnAsync();
    }

    /// <summary>How often a client was disconnected.</summary>
    public int Disconnected { get; private set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _returning;
        _clients.ForEach(static client => client.Dispose());
        _stop.Dispose();
    }

    private RawReader Connected()
    {
        RawReader client = _connect();
        client.Ask();
        return client;
    }

    private async Task ReturnAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            for (int i = 0; i < _clients.Count; i++)
            {
                if (_clients[i].IsClosed)
                {
                    Disconnected++;
                    _clients[i].Dispose();
                    _clients[i] = Connected();
                }
            }

            await Task.Delay(Pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
