using RaftLog.Metadata;
using RaftLog.Protocol;

namespace RaftLog.Broker.Lifecycle;

/// <summary>What a broker tells the controller of itself when it registers.</summary>
/// <param name="Node">Its id.</param>
/// <param name="ClusterId">The cluster that it believes in.</param>
/// <param name="Incarnation">The id that this process chose when it began.</param>
/// <param name="Endpoints">Where it is reached.</param>
/// <param name="Rack">Its rack, or null.</param>
/// <param name="Directories">The ids of its log directories.</param>
/// <param name="PreviousEpoch">Its broker epoch at the last clean stop, or none.</param>
internal sealed record BrokerIdentity(
    NodeId Node,
    string ClusterId,
    Uuid Incarnation,
    IReadOnlyList<Endpoint> Endpoints,
    string? Rack,
    IReadOnlyList<Uuid> Directories,
    BrokerEpoch PreviousEpoch
);
