using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>What the cluster believes about one broker.</summary>
public sealed record BrokerRegistration
{
    /// <summary>The node.</summary>
    public required NodeId Id { get; init; }

    /// <summary>The incarnation: the offset of its registration in the metadata log.</summary>
    public required BrokerEpoch Epoch { get; init; }

    /// <summary>The id that the process chose when it began.</summary>
    public required Uuid IncarnationId { get; init; }

    /// <summary>Where it listens.</summary>
    public required ValueList<Endpoint> Endpoints { get; init; }

    /// <summary>The feature levels that it can run at.</summary>
    public required ValueList<SupportedFeature> Features { get; init; }

    /// <summary>Its rack, null when it has none.</summary>
    public string? Rack { get; init; }

    /// <summary>True while the broker may neither lead nor be in sync.</summary>
    public required bool Fenced { get; init; }

    /// <summary>True once it has asked to stop and its leaderships are being moved.</summary>
    public bool InControlledShutdown { get; init; }

    /// <summary>The ids of its log directories that work.</summary>
    public ValueList<Uuid> Directories { get; init; } = [];

    /// <summary>The directories that get no new replicas (KIP-1066).</summary>
    public ValueList<Uuid> CordonedDirectories { get; init; } = [];

    /// <summary>True when it may lead and be in sync.</summary>
    public bool IsActive => !Fenced && !InControlledShutdown;

    /// <summary>True when some directory takes new replicas, or the broker reported no directories.</summary>
    public bool TakesNewReplicas => Directories.Count == 0 || Directories.Any(directory => !CordonedDirectories.Contains(directory));

    /// <summary>True when a replica in this directory can be served.</summary>
    public bool HasOnline(Uuid directory) =>
        directory == ReservedDirectories.Migrating || directory == ReservedDirectories.Unassigned || Directories.Contains(directory);

    /// <summary>What a registration record says.</summary>
    public static BrokerRegistration From(RegisterBrokerRecord record) =>
        new()
        {
            Id = record.BrokerId,
            Epoch = record.BrokerEpoch,
            IncarnationId = record.IncarnationId,
            Endpoints = [.. record.EndPoints.Select(each => new Endpoint(each.Name, each.Host, each.Port, each.SecurityProtocol))],
            Features =
            [
                .. record.Features.Select(each => new SupportedFeature(each.Name, each.MinSupportedVersion, each.MaxSupportedVersion)),
            ],
            Rack = record.Rack,
            Fenced = record.Fenced,
            InControlledShutdown = record.InControlledShutdown,
            Directories = ValueList.From(record.LogDirs),
            CordonedDirectories = ValueList.From(record.CordonedLogDirs),
        };

    /// <summary>The broker after a change record.</summary>
    public BrokerRegistration With(BrokerRegistrationChangeRecord change) =>
        this with
        {
            Fenced = change.Fenced == 0 ? Fenced : change.Fenced > 0,
            InControlledShutdown = change.InControlledShutdown == 0 ? InControlledShutdown : change.InControlledShutdown > 0,
            Directories = change.LogDirs is { Count: > 0 } ? ValueList.From(change.LogDirs) : Directories,
            CordonedDirectories = change.CordonedLogDirs is null ? CordonedDirectories : ValueList.From(change.CordonedLogDirs),
        };

    /// <summary>The record that makes a node that knows nothing believe all this.</summary>
    public RegisterBrokerRecord ToRecord() =>
        new()
        {
            BrokerId = Id,
            BrokerEpoch = Epoch,
            IncarnationId = IncarnationId,
            EndPoints =
            [
                .. Endpoints.Select(each => new RegisterBrokerRecord.BrokerEndpoint
                {
                    Name = each.Listener,
                    Host = each.Host,
                    Port = each.Port,
                    SecurityProtocol = each.SecurityProtocol,
                }),
            ],
            Features =
            [
                .. Features.Select(each => new RegisterBrokerRecord.BrokerFeature
                {
                    Name = each.Name,
                    MinSupportedVersion = each.Lowest,
                    MaxSupportedVersion = each.Highest,
                }),
            ],
            Rack = Rack,
            Fenced = Fenced,
            InControlledShutdown = InControlledShutdown,
            LogDirs = Directories.ToList(),
            CordonedLogDirs = CordonedDirectories.Count == 0 ? null : CordonedDirectories.ToList(),
        };
}
