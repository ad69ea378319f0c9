namespace RaftLog.Platform;

/// <summary>
/// The network seam: byte streams with TCP's meaning. Above it nobody knows sockets. A connect ends as accepted, refused or silent;
/// a connection ends as closed or reset (ARCHITECTURE D7).
/// </summary>
public interface INetwork
{
    /// <summary>Listens on an address; port 0 takes any free port.</summary>
    /// <exception cref="NetworkException">The port is in use, or the address is not this machine's.</exception>
    IListener Listen(NetworkAddress address);

    /// <summary>Connects to an address. <see cref="ConnectOutcome.Silent"/> when nothing has answered by the deadline.</summary>
    ValueTask<ConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel);

    /// <summary>
    /// The addresses that a name stands for, each under the name that it has of its own; the address itself where names have no such
    /// meaning, or where nothing is found by the deadline.
    /// </summary>
    ValueTask<IReadOnlyList<NetworkAddress>> CanonicalAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel) =>
        ValueTask.FromResult<IReadOnlyList<NetworkAddress>>([address]);
}

/// <summary>Where to listen or connect.</summary>
/// <param name="Host">A name or an IP address; empty to listen on every interface.</param>
/// <param name="Port">1 to 65535, or 0 when listening on any free port.</param>
public readonly record struct NetworkAddress(string Host, int Port)
{
    /// <summary><c>host:port</c>, an IPv6 address in brackets.</summary>
    public override string ToString() => Host.Contains(':') ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary>An open port.</summary>
public interface IListener : IDisposable
{
    /// <summary>The address with the real port.</summary>
    NetworkAddress Address { get; }

    /// <summary>The next connection; null once the listener is disposed.</summary>
    ValueTask<IConnection?> AcceptAsync();
}

/// <summary>
/// A byte stream to a peer. One receive and one send may be under way at once. Disposing closes it: queued bytes go out, pending
/// calls end as closed.
/// </summary>
public interface IConnection : IDisposable
{
    /// <summary>The peer's address as this side sees it.</summary>
    NetworkAddress Peer { get; }

    /// <summary>
    /// Receives at least one byte into the target and returns the count; 0 when the peer has closed (or this side is disposed), -1 when the
    /// connection was reset. A target of length 0 waits until bytes, or the end, are there.
    /// </summary>
    ValueTask<int> ReceiveAsync(Memory<byte> target);

    /// <summary>The bytes that the system has taken from <see cref="SendAsync"/>. May be read from any thread.</summary>
    long BytesSent { get; }

    /// <summary>
    /// The bytes that the peer's system has taken. It grows with every byte that a slow peer takes, while <see cref="BytesSent"/> grows
    /// only when the system has room for many. Where the system does not tell, the same as <see cref="BytesSent"/>. May be read from any
    /// thread.
    /// </summary>
    long BytesTaken => BytesSent;

    /// <summary>
    /// Sends all pieces, in order, in few system calls; false when the connection has ended. Ranges of files are read as the peer takes
    /// them, in steps of at most 256 KiB, or are not read at all (<c>sendfile</c>).
    /// </summary>
    /// <exception cref="FileRangeException">A file no longer holds a range. Something was sent already, so the connection must be
    /// ended.</exception>
    /// <exception cref="DiskException">The disk declines to read a range. The connection must be ended.</exception>
    ValueTask<bool> SendAsync(IReadOnlyList<SendPiece> pieces);

    /// <summary>Ends the connection at once; the peer sees a reset.</summary>
    void Reset();
}

/// <summary>How a connect ended.</summary>
public enum ConnectOutcome
{
    /// <summary>The peer accepted: <see cref="ConnectResult.Connection"/> is open.</summary>
    Accepted,

    /// <summary>The peer's system answered that nobody listens there: positive evidence that the process is gone.</summary>
    Refused,

    /// <summary>No response by the deadline, no route, or an unknown host: evidence of nothing.</summary>
    Silent,
}

/// <summary>The end of a connect.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Connection">The open connection when accepted, else null.</param>
/// <param name="Reason">Why it failed, for people; empty when accepted.</param>
public readonly record struct ConnectResult(ConnectOutcome Outcome, IConnection? Connection, string Reason);

/// <summary>An address cannot be listened on.</summary>
/// <param name="address">The address.</param>
/// <param name="reason">Why, for people.</param>
/// <param name="inner">What the system threw, if it did.</param>
public sealed class NetworkException(NetworkAddress address, string reason, Exception? inner = null)
    : Exception($"cannot listen on {address}: {reason}", inner)
{
    /// <summary>The address.</summary>
    public NetworkAddress Address { get; } = address;
}
