using RaftLog.Platform.Buffers;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Platform.Rpc;

/// <summary>
/// Connects to peers: the network connect, then ApiVersions in the newest version, and when the peer does not know that, in the newest that
/// it names (KIP-511).
/// </summary>
/// <param name="network">Where to connect.</param>
/// <param name="waiters">Where deadlines are kept.</param>
/// <param name="pool">Where responses are received.</param>
/// <param name="supervisor">Who watches the loops of each channel.</param>
/// <param name="options">Name and bounds of the channels.</param>
/// <param name="software">The name that the handshake tells (KIP-511): letters, digits, dots and hyphens.</param>
/// <param name="softwareVersion">The version that it tells.</param>
public sealed class RpcConnector(
    INetwork network,
    Waiters waiters,
    BufferPool pool,
    Supervisor supervisor,
    RpcOptions options,
    string software,
    string softwareVersion
)
{
    /// <summary>Opens a channel.</summary>
    /// <param name="address">The peer.</param>
    /// <param name="timeout">How long the connect may take, and then again each step of the handshake.</param>
    /// <param name="cancel">Gives up the connect, and the handshake.</param>
    public async ValueTask<RpcConnectResult> ConnectAsync(NetworkAddress address, TimeSpan timeout, CancellationToken cancel)
    {
        ConnectResult connected = await network.ConnectAsync(address, timeout, cancel);
        if (connected.Connection is not { } connection)
        {
            return new RpcConnectResult(connected.Outcome, null, $"cannot connect to {address}: {connected.Reason}");
        }

        RpcChannel channel = new(connection, waiters, pool, supervisor, options);
        string? failure;
        await using (cancel.UnsafeRegister(static state => ((RpcChannel)state!).Dispose(), channel))
        {
            failure = await ShakeHandsAsync(channel, timeout);
        }

        if (failure is null)
        {
            return new RpcConnectResult(ConnectOutcome.Accepted, channel, "");
        }

        channel.Dispose();
        return new RpcConnectResult(ConnectOutcome.Silent, null, $"cannot talk to {address}: {failure}");
    }

    private async ValueTask<string?> ShakeHandsAsync(RpcChannel channel, TimeSpan timeout)
    {
        ApiVersionsRequest request = new() { ClientSoftwareName = software, ClientSoftwareVersion = softwareVersion };
        short version = ApiVersionsRequest.HighestVersion;
        while (true)
        {
            RpcResult<ApiVersionsResponse> result = await channel.CallVersionAsync(request, version, timeout);
            if (!result.TryGet(out ApiVersionsResponse? response))
            {
                return result.Reason;
            }

            if (response.ErrorCode == ErrorCode.None)
            {
                channel.Versions = ApiVersionTable.From(response);
                return null;
            }

            // Each round asks for a strictly lower version, so there are at most as many rounds as versions.
            if (response.ErrorCode != ErrorCode.UnsupportedVersion || version == 0)
            {
                return $"it answered ApiVersions version {version} with {response.ErrorCode}";
            }

            version = Math.Min((short)(version - 1), HighestNamed(response));
        }
    }

    private static short HighestNamed(ApiVersionsResponse response)
    {
        foreach (ApiVersionsResponse.ApiVersion api in response.ApiKeys)
        {
            if (api.ApiKey == (short)ApiKey.ApiVersions)
            {
                return Math.Max(api.MaxVersion, (short)0);
            }
        }

        return 0;
    }
}
