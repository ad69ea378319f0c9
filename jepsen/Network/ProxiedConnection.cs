using System.Net.Sockets;

namespace RaftLog.Jepsen.Network;

/// <summary>
/// One connection through the harness: two sockets and a loop for each direction. An end or a reset on one side becomes the same on the
/// other.
/// </summary>
internal sealed class ProxiedConnection(Socket caller, Socket target, int source, Direction forward, Direction backward, Action targetEnded)
    : IDisposable
{
    private const int ChunkBytes = 64 << 10;

    private readonly CancellationTokenSource _cancel = new();

    /// <summary>Whose connection it is.</summary>
    public int Source => source;

    /// <summary>Carries bytes until both sides have ended.</summary>
    public async Task RunAsync()
    {
        await Task.WhenAll(
            PumpAsync(caller, target, forward, isFromTarget: false),
            PumpAsync(target, caller, backward, isFromTarget: true)
        );
        Dispose();
    }

    /// <summary>Ends it at once; both sides see a reset.</summary>
    public void Reset()
    {
        Abort(caller);
        Abort(target);
        _cancel.Cancel();
    }

    public void Dispose()
    {
        caller.Dispose();
        target.Dispose();
        _cancel.Cancel();
    }

    private static void Abort(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It has ended already.
        }

        socket.Dispose();
    }

    private async Task PumpAsync(Socket from, Socket to, Direction direction, bool isFromTarget)
    {
        byte[] chunk = new byte[ChunkBytes];
        try
        {
            while (true)
            {
                int count = await from.ReceiveAsync(chunk, SocketFlags.None, _cancel.Token);
                if (count == 0)
                {
                    await PassEndAsync(direction, isFromTarget);
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                await direction.PassAsync(_cancel.Token);
                for (int sent = 0; sent < count; )
                {
                    sent += await to.SendAsync(chunk.AsMemory(sent, count - sent), SocketFlags.None, _cancel.Token);
                }
            }
        }
        catch (SocketException)
        {
            await ResetOtherAsync(direction, isFromTarget);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // This connection was ended by the other direction, or by a fault.
        }
    }

    private async Task ResetOtherAsync(Direction direction, bool isFromTarget)
    {
        try
        {
            await PassEndAsync(direction, isFromTarget);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        Reset();
    }

    private ValueTask PassEndAsync(Direction direction, bool isFromTarget)
    {
        // Nobody may hear of a dead process while its port still seems open.
        if (isFromTarget)
        {
            targetEnded();
        }

        return direction.PassAsync(_cancel.Token);
    }
}
