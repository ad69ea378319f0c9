using System.Net;
using System.Net.Sockets;

namespace RaftLog.Platform;

/// <summary>The system's resolver: hosts file, DNS.</summary>
internal sealed class SystemNameResolver : INameResolver
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<IPAddress>> AddressesAsync(string host, CancellationToken cancel) =>
        await Dns.GetHostAddressesAsync(host, cancel);

    /// <inheritdoc/>
    public async ValueTask<string> CanonicalNameAsync(IPAddress address, CancellationToken cancel)
    {
        try
        {
            return (await Dns.GetHostEntryAsync(address.ToString(), cancel)).HostName;
        }
        catch (SocketException)
        {
            return address.ToString();
        }
    }
}
