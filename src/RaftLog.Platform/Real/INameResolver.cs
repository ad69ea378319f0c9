using System.Net;

namespace RaftLog.Platform;

/// <summary>Where <see cref="TcpNetwork"/> looks names up: the system's resolver, and others in tests.</summary>
internal interface INameResolver
{
    /// <summary>All addresses of a name, in the order in which they are to be tried.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">The name is not known.</exception>
    ValueTask<IReadOnlyList<IPAddress>> AddressesAsync(string host, CancellationToken cancel);

    /// <summary>The name that an address has of its own; the address as text where it has none.</summary>
    ValueTask<string> CanonicalNameAsync(IPAddress address, CancellationToken cancel);
}
