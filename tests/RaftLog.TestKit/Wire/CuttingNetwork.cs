using RaftLog.Platform;
using RaftLog.Platform.Waiting;

namespace RaftLog.TestKit;

/// <summary>
/// A network that resets connections behind a given byte, counted on each connection from the moment on at which it is armed.
/// </summary>
public sealed class CuttingNetwork(INetwork inner, Waiters waiters) : INetwork
{
    private long _cutAt = long.MaxValue;
    private bool _cutsReceived;
    private int _cuts;

    /// <summary>Connections that are still to be cut.</summary>
    public int Cuts => Volatile.Read(ref _cuts);

    /// <summary>Called with each cut.</summary>
    public Action CutNow { get; set; } = static () => { };

    /// <summary>How long each byte takes to arrive; null for no time.</summary>
    public TimeSpan? ByteTime { get; set; }

    /// <summary>Counts the armings, so that bytes before do not count.</summary>
    private int Arming { get; set; }

    /// <summary>Cuts the next connections that come so far.</summary>
    /// <param name="at">The bytes that still pass.</param>
    /// <param name="received">True to count what the client receives, false for what it sends.</param>
    /// <param name="cuts">How many connections.</param>
    public void Arm(long at, bool received, int cuts)
    {
        (_cutAt, _cutsReceived) = (at, received);
        Volatile.Write(ref _cuts, cuts);
        Arming++;
    }

    public IListener Listen(NetworkAddress address) => inner.Listen(address);

    public async ValueTask<ConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
    {
        ConnectResult result = await inner.ConnectAsync(address, timeout, cancel);
        return result.Connection is { } connection ? result with { Connection = new Cut(this, connection) } : result;
    }

    private sealed class Cut(CuttingNetwork network, IConnection inner) : IConnection
    {
        private int _arming;
        private long _passed;

        public NetworkAddress Peer => inner.Peer;

        public long BytesSent => inner.BytesSent;

        public async ValueTask<int> ReceiveAsync(Memory<byte> target)
        {
            if (network.ByteTime is { } time)
            {
                await network.Wait(time);
                target = target[..1];
            }

            int left = Left(received: true);
            if (left == 0)
            {
                return End();
            }

            int count = await inner.ReceiveAsync(target.Length > left ? target[..left] : target);
            left = Left(received: true);
            if (count >= left)
            {
                _passed += count;
                return End();
            }

            _passed += network._cutsReceived ? count : 0;
            return count;
        }

        public async ValueTask<bool> SendAsync(IReadOnlyList<SendPiece> pieces)
        {
            int left = Left(received: false);
            int length = pieces.Sum(piece => piece.Length);
            if (length < left)
            {
                _passed += network._cutsReceived ? 0 : length;
                return await inner.SendAsync(pieces);
            }

            byte[] all = new byte[length];
            int at = 0;
            foreach (SendPiece piece in pieces)
            {
                at += piece.CopyTo(0, all.AsSpan(at));
            }

            if (left > 0)
            {
                await inner.SendAsync([all.AsMemory(0, left)]);
            }

            End();
            return false;
        }

        public void Reset() => inner.Reset();

        public void Dispose() => inner.Dispose();

        private int Left(bool received)
        {
            if (_arming != network.Arming)
            {
                (_arming, _passed) = (network.Arming, 0);
            }

            return network.Cuts > 0 && received == network._cutsReceived
                ? (int)Math.Clamp(network._cutAt - _passed, 0, int.MaxValue)
                : int.MaxValue;
        }

        private int End()
        {
            Interlocked.Decrement(ref network._cuts);
            network.CutNow();
            inner.Reset();
            return 0;
        }
    }

    private async ValueTask Wait(TimeSpan time) => await waiters.Delay(time);
}
