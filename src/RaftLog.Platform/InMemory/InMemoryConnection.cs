namespace RaftLog.Platform;

/// <summary>One side of a connection of <see cref="InMemoryNetwork"/>.</summary>
internal sealed class InMemoryConnection(NetworkAddress peer, BytePipe incoming, BytePipe outgoing) : IConnection
{
    private const int MaxStep = 16 << 10;

    public NetworkAddress Peer => peer;

    public ValueTask<int> ReceiveAsync(Memory<byte> target) => incoming.ReadAsync(target);

    public long BytesSent => outgoing.BytesWritten;

    public async ValueTask<bool> SendAsync(IReadOnlyList<SendPiece> pieces)
    {
        for (int i = 0; i < pieces.Count; i++)
        {
            if (!await (pieces[i].IsRange ? SendAsync(pieces[i]) : outgoing.WriteAsync(pieces[i].Memory)))
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

    private async ValueTask<bool> SendAsync(SendPiece range)
    {
        byte[] step = new byte[Math.Min(range.Length, MaxStep)];
        for (int sent = 0; sent < range.Length; )
        {
            int length = range.CopyTo(sent, step);
            if (!await outgoing.WriteAsync(step.AsMemory(0, length)))
            {
                return false;
            }

            sent += length;
        }

        return true;
    }
}
