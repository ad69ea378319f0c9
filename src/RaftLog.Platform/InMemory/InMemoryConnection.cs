namespace RaftLog.Platform;

/// <summary>One side of a connection of <see cref="InMemoryNetwork"/>.</summary>
internal sealed class InMemoryConnection(NetworkAddress peer, BytePipe incoming, BytePipe outgoing) : IConnection
{
    public NetworkAddress Peer => peer;

    public ValueTask<int> ReceiveAsync(Memory<byte> target) => incoming.ReadAsync(target);

    public async ValueTask<bool> SendAsync(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        for (int i = 0; i < pieces.Count; i++)
        {
            if (!await outgoing.WriteAsync(pieces[i]))
            {
                return false;
            }
        }

        return true;
    }

    public void Reset()
    {
        // The side that resets sees an orderly end, its peer the reset.
        incoming.CloseReader();
        outgoing.Reset();
        incoming.Reset();
    }

    public void Dispose()
    {
        outgoing.CloseWriter();
        incoming.CloseReader();
    }
}
