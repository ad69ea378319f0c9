using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace RaftLog.Platform;

/// <summary>
/// The reused <c>sendmsg</c> of a connection: many pieces in one system call, awaitable without allocating. One send at a time.
/// </summary>
internal sealed class GatherSend : SocketAsyncEventArgs, IValueTaskSource
{
    private ManualResetValueTaskSourceCore<bool> _core;

    internal GatherSend()
        : base(true) { }

    /// <summary>Sends all pieces.</summary>
    /// <exception cref="SocketException">The connection has ended.</exception>
    internal ValueTask SendAsync(Socket socket, List<ArraySegment<byte>> pieces)
    {
        _core.Reset();
        BufferList = pieces;
        if (socket.SendAsync(this))
        {
            return new ValueTask(this, _core.Version);
        }

        return SocketError == SocketError.Success
            ? ValueTask.CompletedTask
            : ValueTask.FromException(new SocketException((int)SocketError));
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    /// <inheritdoc/>
    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        if (SocketError == SocketError.Success)
        {
            _core.SetResult(true);
        }
        else
        {
            _core.SetException(new SocketException((int)SocketError));
        }
    }
}
