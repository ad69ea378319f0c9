using RaftLog.Client.Connections;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Client.Admin;

/// <summary>
/// Brokers, and the features that they have agreed on. What fails for a passing reason is tried again until
/// <see cref="ClientOptions.CallTimeout"/>.
/// </summary>
public sealed class BrokerAdmin
{
    private const sbyte Upgrade = 1;
    private const sbyte SafeDowngrade = 2;

    private readonly ClientRuntime _runtime;
    private readonly ClusterCalls _calls;

    internal BrokerAdmin(ClientRuntime runtime, ClusterCalls calls) => (_runtime, _calls) = (runtime, calls);

    /// <summary>Takes a broker that is gone out of the cluster for good (KIP-631).</summary>
    /// <exception cref="KafkaException">There is no such broker, it still runs, or the controller cannot be reached.</exception>
    public async ValueTask UnregisterAsync(NodeId broker, CancellationToken cancel = default)
    {
        UnregisterBrokerResponse response = await _calls.CallAnyAsync(
            new UnregisterBrokerRequest { BrokerId = broker },
            static r => r.ErrorCode,
            NewDeadline(cancel)
        );
        Check(response.ErrorCode, response.ErrorMessage, $"unregister broker {broker}");
    }

    /// <summary>The features of the cluster, by name.</summary>
    /// <exception cref="KafkaException">The cluster cannot be reached.</exception>
    public async ValueTask<IReadOnlyList<FeatureLevel>> FeaturesAsync(CancellationToken cancel = default)
    {
        ApiVersionsRequest request = new() { ClientSoftwareName = "raftlog-dotnet", ClientSoftwareVersion = "admin" };
        ApiVersionsResponse response = await _calls.CallAnyAsync(request, static r => r.ErrorCode, NewDeadline(cancel));
        Check(response.ErrorCode, null, "features");
        return
        [
            .. response
                .SupportedFeatures.Select(each => new FeatureLevel(
                    each.Name,
                    response.FinalizedFeatures.Find(agreed => agreed.Name == each.Name)?.MaxVersionLevel ?? 0,
                    each.MinVersion,
                    each.MaxVersion
                ))
                .OrderBy(each => each.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>Changes the level of a feature, 0 to switch it off. A downgrade that would lose metadata is rejected.</summary>
    /// <param name="feature">The feature's name.</param>
    /// <param name="level">The level.</param>
    /// <param name="validateOnly">True to check and change nothing.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="KafkaException">A node cannot run the level, or the controller cannot be reached.</exception>
    public async ValueTask SetFeatureAsync(string feature, short level, bool validateOnly = false, CancellationToken cancel = default)
    {
        short now = (await FeaturesAsync(cancel)).FirstOrDefault(each => each.Name == feature)?.Level ?? 0;
        UpdateFeaturesRequest request = new()
        {
            TimeoutMs = (int)_runtime.Options.RequestTimeout.TotalMilliseconds,
            FeatureUpdates =
            [
                new()
                {
                    Feature = feature,
                    MaxVersionLevel = level,
                    UpgradeType = level < now ? SafeDowngrade : Upgrade,
                },
            ],
            ValidateOnly = validateOnly,
        };
        UpdateFeaturesResponse response = await _calls.CallAnyAsync(request, static r => r.ErrorCode, NewDeadline(cancel));
        Check(response.ErrorCode, response.ErrorMessage, $"{feature} {level}");
        if (response.Results.Find(each => each.ErrorCode != ErrorCode.None) is { } failed)
        {
            Check(failed.ErrorCode, failed.ErrorMessage, $"{feature} {level}");
        }
    }

    private static void Check(ErrorCode error, string? message, string what)
    {
        if (error != ErrorCode.None)
        {
            throw new KafkaException(error, $"{what}: {message ?? $"rejected with {error}"}");
        }
    }

    private CallDeadline NewDeadline(CancellationToken cancel) => new(_runtime.Waiters, _runtime.Options.CallTimeout, cancel);
}
