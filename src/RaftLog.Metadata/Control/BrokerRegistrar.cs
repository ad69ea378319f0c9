using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>Lets brokers and controllers into the cluster, and out (KIP-631, KIP-841, KIP-919).</summary>
internal sealed partial class BrokerRegistrar(ControllerOptions options, IConfigTable configs, BrokerSessions sessions)
{
    /// <summary>Registers a broker, fenced, with the offset of its record as epoch; the same incarnation keeps epoch and state.</summary>
    public ControllerResult<BrokerRegistrationResponse> Register(
        MetadataImage image,
        BrokerRegistrationRequest request,
        Offset nextOffset,
        long nowMs
    )
    {
        BrokerRegistration? existing = image.Brokers.GetValueOrDefault(request.BrokerId);
        bool sameIncarnation = existing is not null && existing.IncarnationId == request.IncarnationId;
        ErrorCode error = Judge(image, request, existing, nowMs);
        if (error != ErrorCode.None)
        {
            return new([], new BrokerRegistrationResponse { ErrorCode = error, BrokerEpoch = BrokerEpoch.None });
        }

        BrokerEpoch epoch = sameIncarnation && existing is not null ? existing.Epoch : new BrokerEpoch(nextOffset.Value);
        RegisterBrokerRecord record = new()
        {
            BrokerId = request.BrokerId,
            BrokerEpoch = epoch,
            IncarnationId = request.IncarnationId,
            Rack = request.Rack,
            Fenced = !sameIncarnation || existing is null || existing.Fenced,
            InControlledShutdown = sameIncarnation && existing is not null && existing.InControlledShutdown,
            LogDirs = image.Version.TracksDirectories ? request.LogDirs : [],
        };
        SeededBugStaysUnfenced(record, existing);
        record.EndPoints.AddRange(
            request.Listeners.Select(each => new RegisterBrokerRecord.BrokerEndpoint
            {
                Name = each.Name,
                Host = each.Host,
                Port = each.Port,
                SecurityProtocol = each.SecurityProtocol,
            })
        );
        record.Features.AddRange(
            request.Features.Select(each => new RegisterBrokerRecord.BrokerFeature
            {
                Name = each.Name,
                MinSupportedVersion = each.MinSupportedVersion,
                MaxSupportedVersion = each.MaxSupportedVersion,
            })
        );

        Draft draft = new(image);
        draft.Add(record);
        if (!sameIncarnation)
        {
            sessions.End(request.BrokerId);
            if (existing is not null && request.PreviousBrokerEpoch != existing.Epoch)
            {
                Leadership.ForgetEligible(draft, request.BrokerId);
            }

            Leadership.Refresh(draft, configs, request.BrokerId);
        }

        return draft.Respond(new BrokerRegistrationResponse { BrokerEpoch = epoch });
    }

    static partial void SeededBugStaysUnfenced(RegisterBrokerRecord record, BrokerRegistration? existing);

    /// <summary>Takes a broker out for good.</summary>
    public ControllerResult<UnregisterBrokerResponse> Unregister(MetadataImage image, UnregisterBrokerRequest request)
    {
        if (!image.Brokers.TryGetValue(request.BrokerId, out BrokerRegistration? broker))
        {
            return new(
                [],
                new UnregisterBrokerResponse
                {
                    ErrorCode = ErrorCode.BrokerIdNotRegistered,
                    ErrorMessage = $"Broker {request.BrokerId} is not registered.",
                }
            );
        }

        Draft draft = new(image);
        draft.Add(new UnregisterBrokerRecord { BrokerId = broker.Id, BrokerEpoch = broker.Epoch });
        sessions.End(broker.Id);
        Leadership.Refresh(draft, configs, broker.Id);
        return draft.Respond(new UnregisterBrokerResponse());
    }

    /// <summary>Registers a controller; the same registration again changes nothing.</summary>
    public static ControllerResult<ControllerRegistrationResponse> RegisterController(
        MetadataImage image,
        ControllerRegistrationRequest request
    )
    {
        if (!image.Version.RegistersControllers)
        {
            return new(
                [],
                new ControllerRegistrationResponse
                {
                    ErrorCode = ErrorCode.UnsupportedVersion,
                    ErrorMessage = $"Controllers do not register at metadata.version {image.Version}.",
                }
            );
        }

        RegisterControllerRecord record = new()
        {
            ControllerId = request.ControllerId,
            IncarnationId = request.IncarnationId,
            ZkMigrationReady = request.ZkMigrationReady,
        };
        record.EndPoints.AddRange(
            request.Listeners.Select(each => new RegisterControllerRecord.ControllerEndpoint
            {
                Name = each.Name,
                Host = each.Host,
                Port = each.Port,
                SecurityProtocol = each.SecurityProtocol,
            })
        );
        record.Features.AddRange(
            request.Features.Select(each => new RegisterControllerRecord.ControllerFeature
            {
                Name = each.Name,
                MinSupportedVersion = each.MinSupportedVersion,
                MaxSupportedVersion = each.MaxSupportedVersion,
            })
        );
        ControllerRegistration wanted = ControllerRegistration.From(record);
        return wanted.Equals(image.Controllers.GetValueOrDefault(wanted.Id))
            ? new([], new ControllerRegistrationResponse())
            : new([record], new ControllerRegistrationResponse());
    }

    private ErrorCode Judge(MetadataImage image, BrokerRegistrationRequest request, BrokerRegistration? existing, long nowMs)
    {
        if (options.ClusterId.Length > 0 && request.ClusterId != options.ClusterId)
        {
            return ErrorCode.InconsistentClusterId;
        }

        if (!request.BrokerId.IsNode)
        {
            return ErrorCode.InvalidRegistration;
        }

        if (
            existing is not null
            && existing.IncarnationId != request.IncarnationId
            && sessions.IsLive(existing, nowMs)
            && !HoldsDirectoriesOf(existing, request)
        )
        {
            return ErrorCode.DuplicateBrokerRegistration;
        }

        if (!SupportsFinalisedFeatures(image, request))
        {
            return ErrorCode.UnsupportedVersion;
        }

        return !image.Version.TracksDirectories || AreDirectoriesValid(image, request) ? ErrorCode.None : ErrorCode.InvalidRegistration;
    }

    // Each directory is locked by the process that uses it: who holds the same ones shows that the old process is gone.
    private static bool HoldsDirectoriesOf(BrokerRegistration existing, BrokerRegistrationRequest request) =>
        existing.Directories.Count > 0 && existing.Directories.HasSameElements(ValueList.From(request.LogDirs));

    private static bool SupportsFinalisedFeatures(MetadataImage image, BrokerRegistrationRequest request)
    {
        bool Supports(string name, short level) =>
            request.Features.Any(each => each.Name == name && level >= each.MinSupportedVersion && level <= each.MaxSupportedVersion);

        return Supports(MetadataVersion.FeatureName, image.Version.Level) && image.Features.All(each => Supports(each.Key, each.Value));
    }

    private static bool AreDirectoriesValid(MetadataImage image, BrokerRegistrationRequest request) =>
        request.LogDirs.Count > 0
        && request.LogDirs.Distinct().Count() == request.LogDirs.Count
        && !request.LogDirs.Any(ReservedDirectories.IsReserved)
        && !image.Brokers.Values.Any(other => other.Id != request.BrokerId && request.LogDirs.Any(other.Directories.Contains));
}
