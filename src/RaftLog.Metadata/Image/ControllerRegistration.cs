using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>What the cluster believes about one controller (KIP-919).</summary>
/// <param name="Id">The node.</param>
/// <param name="IncarnationId">The id that the process chose when it began.</param>
/// <param name="ZkMigrationReady">Kept as written; means nothing to us.</param>
/// <param name="Endpoints">Where it listens.</param>
/// <param name="Features">The feature levels that it can run at.</param>
public sealed record ControllerRegistration(
    NodeId Id,
    Uuid IncarnationId,
    bool ZkMigrationReady,
    ValueList<Endpoint> Endpoints,
    ValueList<SupportedFeature> Features
)
{
    /// <summary>What a registration record says.</summary>
    public static ControllerRegistration From(RegisterControllerRecord record) =>
        new(
            record.ControllerId,
            record.IncarnationId,
            record.ZkMigrationReady,
            [.. record.EndPoints.Select(each => new Endpoint(each.Name, each.Host, each.Port, each.SecurityProtocol))],
            [.. record.Features.Select(each => new SupportedFeature(each.Name, each.MinSupportedVersion, each.MaxSupportedVersion))]
        );

    /// <summary>The record that makes a node that knows nothing believe all this.</summary>
    public RegisterControllerRecord ToRecord() =>
        new()
        {
            ControllerId = Id,
            IncarnationId = IncarnationId,
            ZkMigrationReady = ZkMigrationReady,
            EndPoints =
            [
                .. Endpoints.Select(each => new RegisterControllerRecord.ControllerEndpoint
                {
                    Name = each.Listener,
                    Host = each.Host,
                    Port = each.Port,
                    SecurityProtocol = each.SecurityProtocol,
                }),
            ],
            Features =
            [
                .. Features.Select(each => new RegisterControllerRecord.ControllerFeature
                {
                    Name = each.Name,
                    MinSupportedVersion = each.Lowest,
                    MaxSupportedVersion = each.Highest,
                }),
            ],
        };
}
