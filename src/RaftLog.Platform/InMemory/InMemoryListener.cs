using RaftLog.Platform.Waiting;

namespace RaftLog.Platform;

/// <summary>An open port of <see cref="InMemoryNetwork"/>. Beyond the backlog connects are refused.</summary>
internal sealed class InMemoryListener(InMemoryNetwork network, string host, NetworkAddress address, Waiters waiters) : IListener
{
    private const int Backlog = 1024;

    private readonly AsyncQueue<InMemoryConnection> _offered = new(waiters, Backlog);
    private int _disposed;

    public NetworkAddress Address => address;

    public async ValueTask<IConnection?> AcceptAsync()
    {
        while (await _offered.WaitToReadAsync())
        {
            if (_offered.TryDequeue(out InMemoryConnection? connection))
            {
                return connection;
            }
        }

        return null;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        network.Close(host, address.Port);
        _offered.Complete();
        while (_offered.TryDequeue(out InMemoryConnection? waiting))
        {
            waiting.Reset();
        }
    }

    internal bool TryOffer(InMemoryConnection connection) => _offered.TryEnqueue(connection);
}
